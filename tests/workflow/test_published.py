"""Reading with the published weights: what is planned, and one whole way from files like the published ones."""

import shutil

import pandas as pd
import pytest
import torch
import yaml
from conftest import ROOT, planned, snakemake
from declared_files import traced_jobs, undeclared
from opened_files import STRACE, traced
from PIL import Image
from published_files import GOLDEN, box_list, classifier_checkpoint, detector_checkpoint, save
from servers_for_tests import serving_files

PUBLISHED = yaml.safe_load((ROOT / "config.yaml").read_text())["published"]
CLASSIFIERS, DETECTORS = PUBLISHED["classifiers"], PUBLISHED["detectors"]
FILES = [*DETECTORS.values(), *CLASSIFIERS.values(), PUBLISHED["booster"]]
MINE = "page_sets={mine: {images: scans}}"
# Every rule on the way from the files to text and pictures, and how often it runs for two pages of two chunks.
READING = {
    "pages": 1,
    "truth": 1,
    "checksum": 8,
    "import_detector": 2,
    "import_classifier": 5,
    "import_booster": 1,
    "denoise": 2,
    "detect": 4,
    "classify": 20,
    "gather_predictions": 10,
    "fuse": 2,
    "nms": 1,
    "features": 1,
    "filter": 1,
}
TEXT = {"reading_order": 1, "confidence": 1, "text": 1, "overlays": 1}
TRAINING = {
    *("detector", "snapshot", "detector_losses", "crops", "folds", "classifier", "curves", "augmented"),
    *("pseudo_labels", "pseudo_crops"),
    *("tune", "booster", "protocols", "booster_report", "book_crops", "book_folds", "book_classifier", "nearest_books"),
    *("synthetic", "subset"),
}
WITHOUT_TARGETS = ("report", "evaluate", "published_weights", "benchmarks")


def plan(*arguments, cwd):
    jobs = planned(snakemake("--dry-run", "--cores", "2", "--config", *arguments, cwd=cwd))
    return {rule: count for rule, count in jobs.items() if rule not in WITHOUT_TARGETS}


def touch(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.fixture
def scans(checkout):
    """A checkout with two scans, without a training page."""
    touch(checkout / "scans", ["a.jpg", "b.jpg"])
    return checkout


def reads(jobs, **expected):
    """Whether just the expected rules, and no training, come before what is made of the predictions."""
    expected = {rule: count for rule, count in {**READING, **expected}.items() if count}
    before = (
        READING.keys() | TRAINING | expected.keys() | {rule for rule in jobs if rule.startswith(("import", "gather"))}
    )
    return {rule: count for rule, count in jobs.items() if rule in before | {"download"}} == expected


def test_reading_scans_trains_nothing(scans):
    jobs = plan("round=published", MINE, "recognize=[mine]", cwd=scans)
    assert reads(jobs, download=8, truth=0) and jobs.items() >= {**TEXT, "submission": 1, "final_submission": 1}.items()
    touch(scans / "resources" / "published", FILES)
    assert reads(plan("round=published", MINE, "recognize=[mine]", cwd=scans), truth=0)


def test_text_and_pictures_can_be_asked_for_by_name(scans):
    targets = ["--", "results/published/text/mine", "results/published/overlays/mine"]
    expected = {"download": 8, **READING, **TEXT}
    del expected["truth"]  # labels are not asked for
    # Whatever the targets ask for otherwise, and without the training page sets.
    assert plan(MINE, *targets, cwd=scans) == expected
    bare = "page_sets={mine: {images: scans}, train: null, val: null, train_without_val: null, test: null}"
    jobs = plan("round=published", bare, "recognize=[mine]", *targets, cwd=scans)
    assert jobs == expected


def test_each_target_makes_only_what_published_weights_have(scans):
    arguments = ["round=published", MINE, "recognize=[mine]", "--"]
    imports = {"download": 8, "checksum": 8, "import_detector": 2, "import_classifier": 5, "import_booster": 1}
    assert plan(*arguments, "train", cwd=scans) == imports
    assert plan(*arguments, "published_weights", cwd=scans) == {"download": 8, "checksum": 8}
    assert reads(plan(*arguments, "recognize", cwd=scans), download=8, truth=0)
    assert reads(plan(*arguments, "report", cwd=scans), download=8, truth=0)
    assert plan(*arguments, "evaluate", cwd=scans) == {}  # nobody knows what these pages say
    assert plan(*arguments, "benchmarks", cwd=scans) == {}


def test_labelled_scans_are_scored_without_the_training_pages(scans):
    (scans / "labels.csv").write_text("image_id,labels\n")
    labelled = "page_sets={mine: {images: scans, labels: labels.csv}}"
    jobs = plan("round=published", labelled, "recognize=[mine]", cwd=scans)
    gathered = {"gather_detections": 2, "metrics": 1, "detection_metrics": 1}
    assert reads(jobs, download=8, **gathered)
    # With them, scores also tell what training saw.
    touch(scans / "resources" / "competition" / "train_images", ["brsk001-001.jpg"])
    touch(scans / "resources" / "competition", ["train.csv"])
    jobs = plan("round=published", labelled, "recognize=[mine]", cwd=scans)
    assert reads(jobs, download=8, **{**gathered, "pages": 2, "truth": 2, "subset": 1})
    compared = plan("round=published", labelled, "--", "results/published/detection_modes/mine.csv", cwd=scans)
    detector = {"download": 1, "checksum": 1, "import_detector": 1}
    assert compared == {**detector, "pages": 1, "truth": 1, "denoise": 2, "detection_modes": 1}


def test_published_boxes_can_be_started_from(scans):
    touch(scans / "resources" / "competition" / "test_images", ["test_1.jpg", "test_2.jpg"])
    jobs = plan("round=published", "published={start_from_detections: [test]}", cwd=scans)
    # Two lists of boxes and the order of their pages, in place of the detectors.
    assert reads(jobs, download=9, checksum=9, detect=0, import_detector=0, import_detections=2, subset=1, truth=0)


def test_trained_and_published_results_stand_side_by_side(competition_pages):
    trained = plan("round=first", cwd=competition_pages)
    assert not {rule for rule in trained if rule.startswith("import") or rule in ("download", "checksum")}
    assert (trained["detector"], trained["classifier"]) == (1, 5)


def test_the_small_networks_read_as_any_other_round(scans):
    (scans / "resources/small/detector.safetensors").unlink()
    missing = snakemake(
        "--dry-run", "--cores", "1", "--config", "round=small", MINE, "recognize=[mine]", cwd=scans, check=False
    )
    assert missing.returncode and "resources/small/detector.safetensors" in missing.stdout + missing.stderr
    small = yaml.safe_load((ROOT / "config.yaml").read_text())["small"]
    files = [*small["detectors"].values(), *small["classifiers"].values(), *small["boosters"]]
    touch(scans / "resources" / "small", [name.removeprefix("resources/small/") for name in files])
    jobs = plan("round=small", MINE, "recognize=[mine]", cwd=scans)
    networks = len(small["classifiers"])
    imported = {"import_small_detector": 1, "import_small_classifier": networks, "detect": 2, "classify": 2 * networks}
    imported |= {"gather_predictions": networks, "fuse": 1}
    imported |= {"import_detector": 0, "import_booster": 0, "import_classifier": 0, "checksum": 0}
    assert reads(jobs, truth=0, **imported)


@pytest.fixture
def competition_pages(checkout):
    folder = checkout / "resources" / "competition"
    books = ("brsk", "200014740", "200003967", "200006663", "200003076", "200015779")
    touch(folder / "train_images", [f"{book}_1.jpg" for book in books])
    touch(folder / "test_images", ["test_1.jpg"])
    touch(folder, ["train.csv"])
    return checkout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["round=mine"], "'mine' is not one of ['first', 'pseudo', 'refine', 'published', 'small', 'adapted']"),
        (
            ["published={start_from_detections: [val, train]}"],
            "start_from_detections: train must be a page set",
        ),
        (["published={detections: {test: {published_1: a.pth}}}", "published={booster: null}"], "booster"),
        (["round=published", "classifiers={02_resnet152: null}"], "there is no 02_resnet152 under classifiers"),
        (["round=published", "recognize=[mine]"], "recognize: there is no page set mine"),
    ],
)
def test_a_mistake_stops_before_anything_is_planned(scans, change, message):
    run = snakemake("--dry-run", "--cores", "1", "--config", *change, cwd=scans, check=False)
    assert run.returncode and message in run.stdout + run.stderr


def test_a_published_classifier_set_to_null_is_left_out(scans):
    null = ["classifiers={02_resnet152: null}", "published={classifiers: {02_resnet152: null}}"]
    jobs = plan("round=published", MINE, "recognize=[mine]", *null, cwd=scans)
    assert (jobs["import_classifier"], jobs["download"], jobs["classify"]) == (4, 7, 16)


def test_the_quick_way_passes_pages_once_and_asks_one_network_of_each_kind(scans):
    Image.effect_noise((480, 672), 40).save(scans / "scans/a.jpg")
    (scans / "scans/b.jpg").unlink()
    quick = ["--configfile", "profiles/read/quick.yaml", "--config", "read=scans", "round=published"]
    jobs = planned(snakemake("--dry-run", "--profile", "profiles/read", *quick, "--", "read", cwd=scans))
    one = dict.fromkeys(["import_detector", "import_classifier", "import_booster", "detect", "classify", "filter"], 1)
    assert jobs.items() >= (one | {"download": 3}).items()


@pytest.fixture
def address(tmp_path):
    """Where the published booster can be downloaded from, in place of the public address."""
    (tmp_path / "served").mkdir()
    shutil.copy(GOLDEN / "boosters_lgb230.pkl", tmp_path / "served" / PUBLISHED["booster"])
    with serving_files(tmp_path / "served") as address:
        yield address


def test_from_published_files_to_text(checkout, address, tmp_path):
    files, kept = checkout / "resources" / "published", {"01_efficientnet_b4", "02_resnet152", "03_seresnext101"}
    files.mkdir(parents=True)
    for name, iteration in zip(DETECTORS.values(), (60000, 100000), strict=True):
        save(detector_checkpoint(iteration), files / name)
    for name, case in zip(sorted(kept), ("efficientnet_b4_gray", "resnet152_gray", "se_resnext101_rgb"), strict=True):
        save(classifier_checkpoint(case), files / CLASSIFIERS[name])
    (checkout / "scans").mkdir()
    shutil.copy(GOLDEN / "denoise_input.png", checkout / "scans" / "page.png")
    (checkout / "labels.csv").write_text("image_id,labels\npage,U+3042 40 20 30 30\n")
    # One network of each kind, one pass, a few boxes: at random weights what is read means nothing.
    left_out = dict.fromkeys(CLASSIFIERS.keys() - kept)
    settings = {
        "round": "published",
        "page_sets": {"mine": {"images": "scans", "labels": "labels.csv"}},
        "recognize": ["mine"],
        "published": {"address": address, "classifiers": left_out},
        "classifiers": left_out,
        "detect": {
            "mode": "fast",
            "proposals": 40,
            "max_detections": 6,
            "modes": {"fast": {"first_short_side": 320, "short_sides": [], "grayscale": False}},
        },
        "classify": {"crops": ["center", "whole"]},
        "filter": {"threshold": 0.1},
    }
    (checkout / "published.yaml").write_text(yaml.safe_dump(settings))
    configured = ["--configfile", "published.yaml", "--cores", "2"]
    by_hand = {path: path.stat().st_mtime_ns for path in files.iterdir()}

    trace = tmp_path / "trace"
    snakemake(*configured, cwd=checkout, before=tuple(traced(trace)) if STRACE else ())

    results = checkout / "results" / "published"
    chunk = next((checkout / "results" / "detections" / "mine" / "published_060000").iterdir()).stem
    recognized = pd.read_parquet(results / "recognized" / "mine.parquet")
    assert recognized["kept"].any() and set(recognized["detector"]) <= set(DETECTORS)
    points = pd.read_csv(checkout / "results" / "final_submission.csv").set_index("image_id")["labels"]
    assert len(points["page"].split()) == 3 * recognized["kept"].sum()
    assert len((results / "text" / "mine" / "page.txt").read_text().split()) >= 1
    with (
        Image.open(results / "overlays" / "mine" / "page.jpg") as overlay,
        Image.open(checkout / "scans" / "page.png") as page,
    ):
        assert overlay.size == page.size
    books = pd.read_csv(results / "metrics" / "mine_books.csv")
    assert books["count"].tolist() == [1]
    found = pd.read_csv(results / "detection_metrics" / "mine" / "books.csv")
    assert set(found["detector"]) == set(DETECTORS) and set(found["training"]) == {"unknown", "(all)"}
    assert not (checkout / "results" / "first").exists()
    assert "Nothing to be done" in snakemake(*configured, cwd=checkout).stderr
    if STRACE:
        jobs = traced_jobs(checkout, trace)
        found = {record["log"][0]: undeclared(job, record, checkout) for job, record in jobs}
        assert {log: names for log, names in found.items() if names} == {}
        imports = {"import_detector", "import_classifier", "import_booster"}
        assert {job.script for job, _ in jobs} >= {"download", "checksum"} | imports

    # What was there is as it was, what was not came from the address, and all of it is noted.
    assert {path: path.stat().st_mtime_ns for path in by_hand} == by_hand
    assert (files / PUBLISHED["booster"]).read_bytes() == (GOLDEN / "boosters_lgb230.pkl").read_bytes()
    records = sorted(path.name for path in files.glob("*.sha256"))
    assert records == sorted(f"{path.name}.sha256" for path in [*by_hand, files / PUBLISHED["booster"]])

    # Boxes that are given take the place of those found.
    scores = torch.tensor([0.9, 0.8])
    corners = torch.tensor([[300.0, 400, 700, 900], [1000, 1500, 1400, 2000]])
    save([box_list(corners, (2500, 3000), scores)], files / "mine_060000.pth")
    shutil.copy(files / "mine_060000.pth", files / "mine_100000.pth")
    (files / "mine.list").write_text("page\n")
    given = {"order": "mine.list", **{name: f"mine_{name.removeprefix('published_')}.pth" for name in DETECTORS}}
    settings["published"] |= {"detections": {"mine": given}, "start_from_detections": ["mine"]}
    (checkout / "given.yaml").write_text(yaml.safe_dump(settings))
    reading = f"results/published/predictions/mine/published_060000/02_resnet152/{chunk}.parquet"
    trace = tmp_path / "trace of given boxes"
    before = tuple(traced(trace)) if STRACE else ()
    snakemake("--configfile", "given.yaml", "--cores", "2", "--", reading, cwd=checkout, before=before)
    if STRACE:
        found = {job.script: undeclared(job, record, checkout) for job, record in traced_jobs(checkout, trace)}
        assert found["import_detections"] == []
    assert pd.read_parquet(checkout / reading)[["x_min", "y_min", "x_max", "y_max"]].to_numpy().tolist() == [
        [48, 64, 112, 144],
        [160, 240, 224, 320],
    ]

    # Another file in its place is refused, and what was made stays.
    with open(files / PUBLISHED["booster"], "ab") as file:
        file.write(b"more")
    noted = (files / f"{PUBLISHED['booster']}.sha256").read_bytes()
    for _ in range(2):
        run = snakemake(*configured, cwd=checkout, check=False)
        assert run.returncode and "is not the file that was used first" in run.stderr
    assert (files / f"{PUBLISHED['booster']}.sha256").read_bytes() == noted
    assert (results / "text" / "mine" / "page.txt").exists()
