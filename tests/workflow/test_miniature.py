"""The whole workflow, run once in miniature, and what it plans to rerun after a change."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, copy_checkout, planned, snakemake
from PIL import Image

from kuzushiji.summary import summary
from kuzushiji.tables import read_table

SETTINGS = Path(__file__).parent / "miniature.yaml"
JUDGED = {"protocols": 1, "booster_report": 1}
AFTER_NMS = {"features": 2, "search": 1, "booster": 1} | JUDGED
AFTER_BOOSTER = {"reject": 2, "submission": 1, "final_submission": 1, "metrics": 2, "overlays": 1, "text": 1}


def run(*arguments, cwd):
    settings = ["--configfile", "profiles/demo/settings.yaml", str(SETTINGS)]
    return snakemake("--cores", "2", *settings, *arguments, cwd=cwd)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A checkout in which the miniature workflow has run."""
    checkout = copy_checkout(tmp_path_factory.mktemp("miniature") / "checkout")
    run(cwd=checkout)
    return checkout


def test_every_stage_leaves_its_declared_files(done):
    results = done / "results"
    pages = read_table(results / "pages/test.parquet", "pages")
    for detector in ("000060", "000120"):
        detections = read_table(results / f"detections/test/{detector}.parquet", "detections")
        for classifier in ("01_gray_mixup", "02_rgb_icap"):
            path = results / f"first/predictions/test/{detector}/{classifier}.parquet"
            predictions = read_table(path, "predictions")
            assert 0 < len(predictions) <= len(detections)
    recognized = read_table(results / "first/recognized/test.parquet", "recognized")
    assert recognized["kept"].any()
    submission = pd.read_csv(results / "final_submission.csv", keep_default_na=False)
    assert submission["image_id"].tolist() == pages["image_id"].tolist()
    assert submission["labels"].str.count(r"U\+").sum() == recognized["kept"].sum()
    assert len(list((results / "first/booster").glob("fold_*.txt"))) == 5
    protocols = pd.read_csv(results / "first/booster/protocols.csv")
    assert protocols["protocol"].tolist() == ["published", "by_page", "by_book"]
    for image_id in pages["image_id"]:
        assert Image.open(results / f"first/overlays/test/{image_id}.jpg").size == (480, 672)
        assert (results / f"first/text/test/{image_id}.txt").exists()


def test_scores_are_given_by_stage_and_book(done):
    metrics = json.loads((done / "results/first/metrics/test.json").read_text())
    truth = read_table(done / "results/truth/test.parquet", "truth")
    assert metrics["characters"] == len(truth) > 0
    assert list(metrics["stages"])[:3] == ["detections 000060", "detections 000120", "predictions 000060 01_gray_mixup"]
    assert list(metrics["stages"])[-2:] == ["merged", "recognized"]
    assert set(metrics["books"]) == {"hana", "kaze"}
    detection = pd.read_csv(done / "results/detection_metrics/test/trained/books.csv", dtype={"detector": str})
    assert set(detection["detector"]) == {"000060", "000120"}
    assert set(detection["book"]) == {"hana", "kaze", "(all)"}
    assert (done / "results/detection_metrics/test/trained/scores.svg").stat().st_size > 0
    assert "F1" in summary(done / "results")


def test_every_rule_logs_and_is_measured(done):
    rules = {path.name.removesuffix(".tsv") for path in (done / "results/benchmarks").iterdir()}
    assert {"synthetic", "detector", "classifier", "search", "booster", "text"} <= rules
    assert rules == {path.name.removesuffix(".log") for path in (done / "results/logs").iterdir()} - {
        "final_submission"
    }


def test_later_rounds_train_what_is_missing_and_nothing_else(done):
    later = ["--config", "round=refine"]
    jobs = planned(run("--dry-run", *later, cwd=done))
    # Two classifiers in two rounds; one round of predictions, on two page sets, by two detectors.
    counts = {"pseudo_labels": 1, "pseudo_crops": 1, "classifier": 4, "classify": 8, "gather_predictions": 8}
    assert counts.items() <= jobs.items()
    assert not {"synthetic", "denoise", "crops", "folds", "detector", "detect"} & jobs.keys()
    before = {path: path.read_bytes() for path in (done / "results/first").rglob("*.parquet")}
    run(*later, cwd=done)
    assert all(path.read_bytes() == content for path, content in before.items())

    labels = read_table(done / "results/pseudo/labels/test.parquet", "truth")
    sure = read_table(done / "results/first/recognized/test.parquet", "recognized")
    assert 0 < len(labels) == (sure["kept"] & (sure["probability"] >= np.float32(0.2))).sum()
    for training_round, epochs in (("pseudo", 2), ("refine", 1)):
        history = pd.read_csv(done / f"results/{training_round}/classifiers/02_rgb_icap/history.csv")
        assert len(history) == epochs
    assert not (done / "results/pseudo/predictions").exists()
    submission = done / "results/refine/submissions/test.csv"
    assert (done / "results/final_submission.csv").read_bytes() == submission.read_bytes()
    assert planned(run("--dry-run", *later, cwd=done)) == {}
    run(cwd=done)  # the first round's submission is the final one again


def test_a_folder_of_own_scans_is_read_with_the_models_there_are(done):
    scans = done / "scans"
    scans.mkdir()
    drawn = next((done / "results/synthetic/drawn_test/images").glob("hana*.jpg"))
    Image.open(drawn).convert("L").save(scans / "my page 1.png")
    real = ROOT.parent / "shared/data/labelled_pages/train_images/100241706_00005_1.jpg"
    if real.exists():  # a scan of 2392x3874 pixels, where the test data lies beside the checkout
        shutil.copy(real, scans)
    targets = ["results/first/text/scans", "results/first/overlays/scans", "results/first/submissions/scans.csv"]
    run("--config", "page_sets={scans: {images: scans}}", "--", *targets, cwd=done)
    assert (done / "results/first/text/scans/my page 1.txt").read_text()
    submission = pd.read_csv(done / "results/first/submissions/scans.csv", keep_default_na=False)
    assert sorted(submission["image_id"]) == sorted(path.stem for path in scans.iterdir())
    for path in scans.iterdir():
        overlay = Image.open(done / f"results/first/overlays/scans/{path.stem}.jpg")
        assert overlay.size == Image.open(path).size
    assert not planned(run("--dry-run", cwd=done))


def test_a_report_is_written(done):
    run("--report", "results/report.html", cwd=done)
    assert (done / "results/report.html").stat().st_size > 100_000


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_nothing_is_rerun_without_a_change(done):
    assert planned(run("--dry-run", cwd=done)) == {}


def test_touching_everything_reruns_nothing(done):
    for path in [
        *done.glob("workflow/**/*"),
        *done.glob("resources/corpus/*"),
        done / "config.yaml",
        done / "Snakefile",
    ]:
        path.touch()
    assert planned(run("--dry-run", cwd=done)) == {}


@pytest.mark.parametrize(
    ("change", "jobs"),
    [
        ("nms={iou: 0.4}", {"nms": 2} | AFTER_NMS | AFTER_BOOSTER),
        ("reject={threshold: 0.6}", JUDGED | AFTER_BOOSTER),
        ("submission={max_predictions: 5}", {"submission": 1, "final_submission": 1}),
        ("booster={search: {trials: 4}}", {"search": 1, "booster": 1} | JUDGED | AFTER_BOOSTER),
        (
            "classify={batch_size: 64}",
            {"classify": 8, "gather_predictions": 8, "fuse": 4, "nms": 2} | AFTER_NMS | AFTER_BOOSTER,
        ),
    ],
)
def test_a_changed_setting_reruns_its_stage_and_what_follows(done, change, jobs):
    assert planned(run("--dry-run", "--config", change, cwd=done)) == jobs


@pytest.mark.parametrize(
    ("file", "old", "new", "jobs"),
    [
        ("workflow/kuzushiji/overlays.py", '"white"', '"yellow"', {"overlays": 1}),
        ("workflow/scripts/text.py", "Writes the text", "Writes text", {"text": 1}),
        ("workflow/kuzushiji/text.py", "_SIDEWAYS = 0.5", "_SIDEWAYS = 0.6", {"text": 1, "overlays": 1}),
        ("workflow/kuzushiji/nms.py", "ignore_index=True", "ignore_index=1", {"nms": 2} | AFTER_NMS | AFTER_BOOSTER),
    ],
)
def test_changed_code_reruns_the_stages_that_use_it_until_it_is_changed_back(done, file, old, new, jobs):
    replace(done / file, old, new)
    try:
        assert planned(run("--dry-run", cwd=done)) == jobs
    finally:
        replace(done / file, new, old)
    assert planned(run("--dry-run", cwd=done)) == {}
