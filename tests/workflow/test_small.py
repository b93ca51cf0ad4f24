"""The networks that come with the workflow, and the pages to try them on."""

import re

import pandas as pd
import pytest
from snakemake_runs import copy_checkout, snakemake

from kuzushiji.common.score import scores
from kuzushiji.common.tables import read_table
from kuzushiji.pages.labels import read_labels, truth_table

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
    assert re.search(r"(?m)^23 jobs, about \d+ min on this computer; log: \.snakemake/log/\S+\n", said)
    assert re.search(r"\n[\d:]{8} \d+ of 23 jobs done, about \d+ min to go; at work: \w+", said)
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
