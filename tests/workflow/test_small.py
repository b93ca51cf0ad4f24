"""The networks that come with the workflow, and the pages to try them on."""

import json

import pandas as pd
import pytest
from snakemake_runs import copy_checkout, snakemake

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
    for image_id in SAMPLES:
        assert len((results / "text" / "samples" / f"{image_id}.txt").read_text().strip()) > 20
    assert (results / "viewer" / "samples.html").stat().st_size > 100_000
    confidence = pd.read_csv(results / "confidence" / "samples.csv", dtype={"image_id": str})
    assert sorted(confidence["image_id"]) == SAMPLES


def test_most_of_what_is_said_to_be_read_is_right(read):
    """Against the true labels: the share of kept characters that are true is far above chance."""
    checkout, _ = read
    scored = snakemake(
        *("--cores", "1", "--config", "round=small", "recognize=[samples]"),
        "page_sets={samples: {images: resources/samples, labels: resources/samples/labels.csv}}",
        *("--", "results/small/metrics/samples.json"),
        cwd=checkout,
    )
    assert scored.returncode == 0
    stages = json.loads((checkout / "results/small/metrics/samples.json").read_text())["stages"]
    assert stages["recognized"]["precision"] > 0.5
    assert stages["merged"]["detection"]["recall"] > 0.5
