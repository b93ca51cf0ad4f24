"""What Snakemake itself takes to read page sets with the published networks, of jobs that only write empty outputs.

For every number of pages, on this disk and on one where each lookup of a path takes 20 ms: seconds of planning, and of
scheduling a job, without the waits for jobs; lookups and bytes hashed a job. Long runs are stopped after ten minutes,
and what they did until then is shown.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake_runs import copy_checkout

HELPERS = Path(__file__).parents[1] / "helpers"
CHUNKS = {1000: 64, 10_000: 64, 100_000: 256}  # by pages, as profiles/slurm/README.md says
SIZE = 1000  # bytes of an image
SECONDS = 600
SETTINGS = ["round=published", "page_sets={mine: {images: images}}", "recognize=[mine]"]
TARGETS = ["recognize", *(f"results/published/{kind}" for kind in ("text/mine", "overlays/mine", "viewer/mine.html"))]


@pytest.fixture(scope="module")
def slow_files(tmp_path_factory):
    """The library that makes lookups slow and counts them."""
    library = tmp_path_factory.mktemp("slow") / "slow_files.so"
    command = ["gcc", "-O2", "-shared", "-fPIC", "-w", "-o", library, HELPERS / "slow_files.c", "-ldl"]
    try:
        subprocess.run(command, check=True)
    except FileNotFoundError:
        pytest.skip("gcc, which builds the slow file system, is not installed")
    return library


@pytest.mark.parametrize("milliseconds", [0, 20])
@pytest.mark.parametrize("pages", CHUNKS)
def test_scheduler(pages, milliseconds, slow_files, tmp_path, capsys):
    checkout = copy_checkout(tmp_path / "checkout")
    (checkout / "images").mkdir()
    for page in range(pages):
        image = checkout / f"images/book{page // 100:05d}-{page % 100:03d}.jpg"
        image.write_bytes(page.to_bytes(SIZE))
    slow = {"LD_PRELOAD": slow_files, "SLOW_FOLDER": checkout, "SLOW_MS": milliseconds}
    environment = {**os.environ, "PWD": str(checkout), **{key: str(value) for key, value in slow.items()}}
    measured = tmp_path / "measured.json"
    run = [sys.executable, HELPERS / "scheduler_run.py", measured, str(SECONDS), "--cores", "8", "--quiet", "all"]
    settings = ["--config", *SETTINGS, f"chunks={CHUNKS[pages]}", "--", *TARGETS]
    subprocess.run([*run, *settings], cwd=checkout, env=environment, check=True)
    found = json.loads(measured.read_text())
    assert found["jobs"]
    planning, each = found["planning"], {key: value / found["jobs"] for key, value in found["scheduling"].items()}
    line = (
        f"{pages:,} pages, {milliseconds} ms: planning {planning['seconds']:.0f} s, {planning['lookups']:,} lookups; "
        f"of {found['jobs']:,} jobs, each {each['seconds']:.3f} s ({each['processor']:.3f} s of the processor), "
        f"{each['lookups']:.0f} lookups, {each['hashed'] / 1e6:.2f} MB hashed"
    )
    with capsys.disabled():
        print(f"\n{line}")
