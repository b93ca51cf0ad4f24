"""Another workflow includes this one as a module."""

import os

import yaml
from conftest import snakemake
from PIL import Image

from kuzushiji.common.tables import read_table

OUTER = """
configfile: "mine.yaml"


module kuzushiji:
    snakefile:
        "{checkout}/workflow/Snakefile"
    config:
        config["reading"]


use rule * from kuzushiji as reading_*


rule count:
    default_target: True
    input:
        "results/pages/scans.parquet",
    output:
        "pages.txt",
    shell:
        "ls scans | wc -l > {{output}}"
"""


def test_another_workflow_runs_a_target_of_this_one(checkout, tmp_path):
    """With the code of the checkout that it includes, from a folder of its own."""
    outer = tmp_path / "outer"
    (outer / "scans").mkdir(parents=True)
    Image.effect_noise((200, 300), 40).save(outer / "scans/page.png")
    scans = os.path.relpath(outer / "scans", checkout)  # paths count from the checkout
    mine = {"reading": {"page_sets": {"scans": {"images": scans}}, "recognize": ["scans"], "chunks": 1}}
    (outer / "mine.yaml").write_text(yaml.safe_dump(mine))
    (outer / "Snakefile").write_text(OUTER.format(checkout=checkout))
    errors = checkout / "workflow/kuzushiji/pages/pages.py"
    errors.write_text(errors.read_text() + '\nprint("the checkout\'s own", file=open("ran.txt", "w"))\n')

    run = snakemake("--cores", "1", cwd=outer)
    assert (outer / "pages.txt").read_text().split() == ["1"]
    assert read_table(outer / "results/pages/scans.parquet", "pages")["image_id"].tolist() == ["page"]
    assert (outer / "ran.txt").read_text() == "the checkout's own\n"
    assert "reading_pages" in run.stderr
    # Targets that come with it, and what it says of itself.
    listed = snakemake("--list-rules", cwd=outer).stdout
    assert "reading_detector (Train" in listed
    refused = snakemake("--dry-run", "--cores", "1", "--", "reading_recognize", cwd=outer, check=False)
    assert "resources/competition/train_images: there is no such folder" in refused.stdout + refused.stderr
