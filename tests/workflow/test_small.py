"""The networks that come with the workflow, and the pages to try them on."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from snakemake_runs import copy_checkout, snakemake

from kuzushiji.common.score import scores
from kuzushiji.common.tables import read_table
from kuzushiji.pages.labels import read_labels, truth_table
from kuzushiji.pages.manifest import manifest_path

SAMPLES = ["100241706_00004_2", "100241706_00007_2"]


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """A checkout in which the samples were read as by `make read`, and what the terminal said."""
    checkout = copy_checkout(tmp_path_factory.mktemp("small") / "checkout")
    run = snakemake("--profile", "profiles/read", "--config", "read=resources/samples", "--", "read", cwd=checkout)
    return checkout, run.stdout + run.stderr


def test_the_samples_are_read(read):
    checkout, said = read
    results = checkout / "results" / "small"
    assert "the small networks that come with the workflow" in said
    # How long it takes, first, and where there is no terminal, how far it is.
    assert re.search(r"(?m)^21 jobs, about \d+ min on this computer; log: \.snakemake/log/\S+\n", said)
    assert re.search(r"\n[\d:]{8} \d+ of 21 jobs done, about \d+ min to go; at work: \w+", said)
    for image_id in SAMPLES:
        assert len((results / "text" / "samples" / f"{image_id}.txt").read_text().strip()) > 20
    assert (results / "viewer" / "samples.html").stat().st_size > 100_000
    confidence = pd.read_csv(results / "confidence" / "samples.csv", dtype={"image_id": str})
    assert sorted(confidence["image_id"]) == SAMPLES


def test_most_of_what_is_kept_is_right(read):
    """Against the true labels, by the competition's metric; the networks have seen these pages in training."""
    checkout, _ = read
    kept = read_table(checkout / "results/small/recognized/samples.parquet", "recognized").query("kept")
    boxes, problems = read_labels(checkout / "resources/samples/labels.csv")
    assert not problems
    scored = scores(kept, truth_table(boxes))
    assert scored["precision"] > 0.7 and scored["recall"] > 0.5


def test_a_page_of_a_library_is_read_and_annotated_on_its_canvas(read, library):
    """One of three, from the manifest to annotations on the library's own images, which are larger than ours."""
    checkout, _ = read
    with Image.open(checkout / f"resources/samples/{SAMPLES[0]}.jpg") as scan:
        address = library.give_book("2532160", [scan] * 3, 3, 3)
    settings = ["--config", f"read={address}", "page_range=2", "formats=text iiif"]
    snakemake("--profile", "profiles/read", *settings, "--", "read", cwd=checkout)
    assert not [path for path in library.paths() if re.search("2532160-[13]", path)]
    results, book, page = checkout / "results/small", manifest_path(address, ".").parent.name, "2532160_0002"
    kept = read_table(results / f"recognized/{book}.parquet", "recognized").query("kept")
    boxes, _ = read_labels(checkout / "resources/samples/labels.csv")
    truth = truth_table(boxes).query("image_id == @SAMPLES[0]").assign(image_id=page)
    assert scores(kept, truth)["f1"] > 0.6
    items = json.loads((results / f"annotations/{book}/{page}.json").read_text())["items"]
    assert {item["target"]["source"]["id"] for item in items} == {f"{library.root}/2532160/canvas/2"}
    left, top, width, height = np.array(
        [item["target"]["selector"]["value"].removeprefix("xywh=").split(",") for item in items], dtype=int
    ).T
    x, y = (kept[[f"{axis}_min", f"{axis}_max"]].to_numpy().sum(axis=1)[:, None] for axis in "xy")  # centers, twice
    inside = (left <= x) & (x <= left + width) & (top <= y) & (y <= top + height)
    assert inside.any(axis=1).mean() > 0.95  # the text leaves out what it takes for ruby
    assert (results / f"text/{book}/{page}.txt").read_text().strip()
