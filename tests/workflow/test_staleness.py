"""What a change makes stale: exactly what a dry run plans after it. The table of workflow/README.md says the same."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from conftest import MINIATURE, copied, planned, run_miniature, snakemake
from PIL import Image

from kuzushiji.common.tables import read_table

# Jobs of the miniature: two page sets (test, val), two chunks each, two detectors, two classifiers.
EXPORTED = dict.fromkeys(["text", "json_lines", "page_xml", "alto", "annotations", "text_metrics", "front_page"], 1)
SHOWN = {"overlays": 1, "examples": 1, "alternatives": 1, "confidence": 1, "reading_order": 1, "viewer": 1} | EXPORTED
RATED = dict.fromkeys(["confidence", "text", "json_lines", "page_xml", "alto", "viewer"], 1)
SUBMITTED = {"submission": 2, "final_submission": 1, "provenance": 2}
FROM_FILTER = {"filter": 2, "metrics": 2, "misread": 2, "missing_labels": 2} | SHOWN | SUBMITTED
FROM_BOOSTER = {"booster": 1, "booster_report": 1, "protocols": 1} | FROM_FILTER
FROM_TUNE = {"tune": 1} | FROM_BOOSTER
FROM_FEATURES = {"features": 2} | FROM_TUNE
FROM_NMS = {"nms": 2} | FROM_FEATURES
FROM_FUSE = {"fuse": 4} | FROM_NMS
FROM_CLASSIFY = {"classify": 16, "gather_predictions": 8} | FROM_FUSE
FROM_DETECT = {"detect": 8, "gather_detections": 4, "detection_metrics": 2} | FROM_CLASSIFY
FROM_DETECTOR = {"detector": 1, "snapshot": 2, "detector_losses": 1} | FROM_DETECT
FROM_CLASSIFIER = {"classifier": 2, "curves": 1} | FROM_CLASSIFY
FROM_FOLDS = {"folds": 2, "augmented": 1} | FROM_CLASSIFIER
FROM_CROPS = {"crops": 2, "augmented": 1} | FROM_CLASSIFIER
FROM_DENOISE = {"denoise": 4} | FROM_CROPS | FROM_DETECTOR
CHECKED = {"pages": 2, "truth": 2, "subset": 3, "subset_truth": 3, "dataset": 1}
ONE_PAGE_SET = {  # all that is made of the pages of test alone
    "pages": 1,
    "truth": 1,
    "subset": 1,
    "subset_truth": 1,
    "dataset": 1,
    "denoise": 2,
    "detect": 4,
    "gather_detections": 2,
    "detection_metrics": 1,
    "classify": 8,
    "gather_predictions": 4,
    "fuse": 2,
    "nms": 1,
    "features": 1,
    "filter": 1,
    "metrics": 1,
    "misread": 1,
    "missing_labels": 1,
} | SHOWN
ONE_SUBMITTED = {"submission": 1, "final_submission": 1, "provenance": 1}

_ANY = next(iter(filter(None, yaml.safe_load(MINIATURE.read_text())["classifiers"].values())))
MORE = f"classifiers={yaml.safe_dump({'03_more': _ANY}, default_flow_style=True, width=9999).strip()}"
SETTINGS = {
    "page_sets={drawn_test: {synthetic: {seed: 9}}}": {"synthetic": 1} | ONE_PAGE_SET | ONE_SUBMITTED,
    "pages={max_megapixels: 100}": CHECKED | FROM_CROPS | FROM_FOLDS | FROM_DETECTOR,
    "denoise={strength: 10}": FROM_DENOISE,
    "crops={padding: 0.2}": FROM_CROPS,
    "folds={min_training: 3}": FROM_FOLDS,
    "folds={max_training: 100}": {"augmented": 1} | FROM_CLASSIFIER,
    "detection={learning_rate: 0.01}": FROM_DETECTOR,
    "detect={score: 0.1}": FROM_DETECT,
    "classification={momentum: 0.8}": FROM_CLASSIFIER,
    "classifiers={01_gray_mixup: {epochs: 1}}": FROM_CLASSIFIER
    | {"classifier": 1, "classify": 8, "gather_predictions": 4},
    "classify={batch_size: 64}": FROM_CLASSIFY,
    "fuse={method: {first: hard_prob}}": FROM_FUSE,
    "nms={iou: 0.4}": FROM_NMS,
    "booster={features: published}": FROM_FEATURES,
    "booster={tune: {trials: 4}}": FROM_TUNE,
    "booster={training: {rounds: 100}}": FROM_BOOSTER,
    "booster={report: {bins: 5}}": {"booster_report": 1},
    "filter={threshold: 0.6}": {"booster_report": 1, "protocols": 1} | FROM_FILTER,
    "confidence={least: 0.4}": RATED,
    "submission={max_predictions: 5}": {"metrics": 2, "front_page": 1} | SUBMITTED,
    "evaluate={detector_score: 0.4}": {"detection_metrics": 2},
    "viewer={max_side: 1000}": {"viewer": 1},
    "report={examples: 1}": {"examples": 1},
    "report={samples: 2}": {"misread": 2},
    "missing_labels={confidence: 0.5}": {"missing_labels": 2, "viewer": 1},
    # Corrections change the text, and neither what was read nor its scores.
    "page_sets={test: {corrections: results/synthetic/drawn_test/labels.csv}}": {"correct": 1}
    | {rule: 1 for rule in SHOWN if rule not in ("examples", "text_metrics", "front_page")},
    "annotations={granularity: [glyph]}": {"annotations": 1},
    # What the targets do not ask for.
    "pseudo={probability: 0.5}": {},
    "refinement={epochs: 2}": {},
    "book_classifier={size: 64}": {},
    "benchmarks={pages: 5}": {},
    "formats=[pdf]": {},
    "pages={unreadable: stop}": {},
    "denoise={engine: torch}": {},
    # A classifier more is trained and reads, and no other does; a classifier less trains nothing.
    MORE: {"classifier": 1, "classify": 8, "gather_predictions": 4, "augmented": 1, "curves": 1} | FROM_FUSE,
    "classifiers={02_rgb_icap: null}": {"augmented": 1, "curves": 1} | FROM_FUSE,
}

# A changed line in a module of the library: the stages that use it, directly or not.
CODE = {
    "synthetic/synthetic": {"synthetic": 2} | CHECKED | FROM_FOLDS | FROM_DENOISE,
    "pages/page_ids": {"synthetic": 2} | CHECKED | FROM_FOLDS | FROM_DENOISE,
    "pages/truth": {"truth": 2, "subset_truth": 3, "dataset": 1}
    | FROM_CROPS
    | FROM_FOLDS
    | FROM_DETECTOR,  # so do other labels
    "pages/versions": CHECKED | FROM_FOLDS | FROM_DENOISE,
    "pages/pages": CHECKED | FROM_CROPS | FROM_FOLDS | FROM_DETECTOR,
    "pages/denoise": FROM_DENOISE,
    "pages/nonlocal_means": FROM_DENOISE,
    "crops/folds": FROM_FOLDS,
    "detector/detector": FROM_DETECTOR,
    "detector/detect": FROM_DETECT,
    "classifier/classifier": FROM_CLASSIFIER,
    "classifier/classify": FROM_CLASSIFY,
    "postprocess/fuse": FROM_FUSE,
    "postprocess/nms": FROM_NMS,
    "postprocess/tune": FROM_TUNE,
    "postprocess/booster": FROM_TUNE,  # it says what tuning minimizes
    "postprocess/booster_report": {"booster_report": 1},
    "publish/submission": SUBMITTED,
    "publish/provenance": {"provenance": 2},
    "evaluate/metrics": {"metrics": 2, "misread": 2, "detection_metrics": 2, "front_page": 1},
    "evaluate/detection_metrics": {"detection_metrics": 2},
    "detector/detector_losses": {"detector_losses": 1},
    "classifier/curves": {"curves": 1},
    "publish/overlays": {"overlays": 1, "examples": 1, "front_page": 1},
    "publish/viewer": {"viewer": 1},
    "text/variants": {"viewer": 1},
    "text/reading_order": {"reading_order": 1} | RATED | EXPORTED,
    "text/evenness": RATED,
    "text/alternatives": dict.fromkeys(["alternatives", "json_lines", "page_xml", "alto", "annotations", "viewer"], 1),
    "text/alto": {"alto": 1},
    "text/transcripts": dict.fromkeys(
        ["text", "confidence", "json_lines", "page_xml", "alto", "annotations", "viewer"], 1
    ),
    "text/line_shape": {"page_xml": 1, "alto": 1},
    "text/upright": {"page_xml": 1, "alto": 1},
    "text/confidence": RATED,
    "publish/label_places": {"overlays": 1, "examples": 1, "front_page": 1},
    "publish/web_fonts": {"viewer": 1},
    "publish/dataset": {"dataset": 1},
    "publish/examples": {"examples": 1, "front_page": 1},
    "publish/front_page": {"front_page": 1},
    "evaluate/misread": {"misread": 2},
    "evaluate/missing_labels": {"missing_labels": 2, "viewer": 1},
    "publish/web_tables": {"dataset": 1, "curves": 1, "booster_report": 1, "detection_metrics": 2, "metrics": 2}
    | {"text_metrics": 1, "missing_labels": 2, "viewer": 1, "front_page": 1, "provenance": 2},
    # What a job says while it runs changes no result.
    "common/progress": {},
    "common/once": {},
    "common/logs": {},
    # What these targets do not use, though they are among the formats and kinds of scans that there are.
    "pages/page_sets": {},
    "pages/scans": {},
    "pages/unreadable": {},
    "pages/corrections": {},
    "text/correct": {},
    "text/tei": {},
    "text/pdf": {},
    "text/docx": {},
    "book_classifier/nearest_books": {},
    "evaluate/summary": {},
}


def dry_run(cwd, *arguments) -> dict[str, int]:
    return planned(run_miniature("--dry-run", *arguments, cwd=cwd))


@pytest.fixture(scope="module")
def plans(miniature):
    """What every changed setting plans; two dry runs at a time, since none changes anything."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda change: dry_run(miniature.checkout, "--config", change), SETTINGS)
        return dict(zip(SETTINGS, found, strict=True))


@pytest.mark.parametrize("change", SETTINGS)
def test_a_changed_setting_reruns_its_stage_and_what_follows(plans, change):
    assert plans[change] == SETTINGS[change]


def test_without_a_change_nothing_is_planned(miniature):
    assert dry_run(miniature.checkout) == {}


@pytest.mark.parametrize("module", CODE)
def test_a_changed_module_reruns_the_stages_that_use_it(done, module):
    path = done / f"workflow/kuzushiji/{module}.py"
    before = path.read_text()
    path.write_text(before + "\n\ndef added():\n    return 1\n")
    try:
        assert dry_run(done) == CODE[module]
    finally:
        path.write_text(before)


def test_comments_docstrings_and_layout_rerun_nothing(done):
    for path in done.glob("workflow/kuzushiji/*/[!_]*.py"):
        path.write_text("# Read again.\n\n" + path.read_text().replace('"""\n', ' Indeed."""\n', 1))
    assert dry_run(done) == {}


@pytest.mark.parametrize(
    ("file", "old", "new", "jobs"),
    [
        ("workflow/scripts/page_xml.py", "log_to(", "print()\nlog_to(", {"page_xml": 1}),
        ("workflow/viewer/review.js", "unsure", "doubtful", {"viewer": 1}),
    ],
)
def test_a_changed_script_or_template_reruns_its_rule(done, file, old, new, jobs):
    path = done / file
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new, 1))
    assert dry_run(done) == jobs
    path.write_text(before)
    assert dry_run(done) == {}


def test_another_number_of_cores_and_a_cluster_plan_nothing(done):
    assert dry_run(done, "--cores", "1") == dry_run(done, "--cores", "16") == {}
    assert dry_run(done, "--profile", "slurm") == {}


def test_touching_everything_reruns_nothing(miniature, tmp_path):
    """Results, folders and their files too, in the order of their names."""
    checkout = copied(miniature.checkout, tmp_path / "touched")
    for path in sorted(checkout.rglob("*"), reverse=True):
        if not path.is_symlink() and ".snakemake" not in path.relative_to(checkout).parts[:1]:
            path.touch()
    assert dry_run(checkout) == {}


def test_a_fresh_checkout_with_copied_results_reruns_nothing(checkout, miniature):
    """With Snakemake's notes of them, which lie in .snakemake/metadata."""
    shutil.copytree(miniature.checkout / "results", checkout / "results")
    shutil.copytree(miniature.checkout / ".snakemake/metadata", checkout / ".snakemake/metadata")
    assert dry_run(checkout) == {}


def test_a_deleted_intermediate_is_made_again_when_it_is_wanted(miniature, tmp_path):
    checkout = copied(miniature.checkout, tmp_path / "deleted")
    merged = checkout / "results/first/merged/test.parquet"
    before = merged.read_bytes()
    merged.unlink()
    # What was made of it is as good as before.
    assert dry_run(checkout) == {}
    wanted = ["--", "results/first/merged/test.parquet"]
    assert dry_run(checkout, *wanted) == {"nms": 1}
    run_miniature(*wanted, cwd=checkout)
    assert merged.read_bytes() == before
    assert dry_run(checkout) == {}


def test_a_changed_text_in_a_folder_of_corrections_is_read_again(done):
    page = read_table(done / "results/pages/test.parquet", "pages")["image_id"][0]
    (done / "texts").mkdir()
    text = done / f"texts/{page}.txt"
    text.write_text("あ")
    wanted = ["--config", "page_sets={test: {corrections: texts}}", "--", "results/first/corrected/test.parquet"]
    assert planned(run_miniature(*wanted, cwd=done)) == {"correct": 1}
    assert dry_run(done, *wanted) == {}
    text.write_text("い")  # the folder's time of modification stays
    assert dry_run(done, *wanted) == {"correct": 1}


def test_a_stage_run_alone_that_gives_the_same_saves_what_follows(miniature, tmp_path):
    checkout = copied(miniature.checkout, tmp_path / "alone")
    change = ["--config", "pages={max_megapixels: 100}"]
    assert dry_run(checkout, *change)["detector"] == 1
    run_miniature("--until", "subset_truth", *change, cwd=checkout)
    assert dry_run(checkout, *change) == {}


@pytest.fixture
def scans(miniature, tmp_path):
    """A checkout in which a folder of labelled scans was read too; returns what plans that again."""
    checkout = copied(miniature.checkout, tmp_path / "checkout")
    shutil.copytree(checkout / "results/synthetic/drawn_test/images", checkout / "scans")
    shutil.copy(checkout / "results/synthetic/drawn_test/labels.csv", checkout / "scans.csv")
    settings = {"page_sets": {"scans": {"images": "scans", "labels": "scans.csv"}}, "recognize": ["test", "scans"]}
    (checkout / "scans.yaml").write_text(yaml.safe_dump(settings))

    def run(*arguments):
        settings = ["profiles/demo/settings.yaml", str(MINIATURE), "scans.yaml"]
        return planned(snakemake("--cores", "2", "--configfile", *settings, *arguments, cwd=checkout))

    run()
    assert run("--dry-run") == {}
    return checkout, lambda: run("--dry-run")


def test_new_better_and_corrected_scans_are_read_and_scored_again_and_nothing_else(scans):
    checkout, plan = scans
    of_one_chunk = ONE_PAGE_SET | {"denoise": 1, "detect": 2, "classify": 4, "submission": 1, "provenance": 1}
    for rule in ("subset", "subset_truth", "text_metrics"):  # no subset, no transcription
        del of_one_chunk[rule]

    # A corrected label: the scores, and the record of what made the submission.
    labels = checkout / "scans.csv"
    before = labels.read_text()
    labels.write_text(before.replace(",U+", ",U+3042 10 10 20 20 U+", 1))
    scored = ["metrics", "detection_metrics", "misread", "missing_labels", "viewer", "examples", "provenance"]
    scored += ["front_page"]
    assert plan() == {"truth": 1, "dataset": 1} | dict.fromkeys(scored, 1)
    labels.write_text(before)
    assert plan() == {}

    # A better scan of a page: what is made of its chunk.
    image = sorted((checkout / "scans").glob("*.jpg"))[0]
    scan = image.read_bytes()
    Image.open(image).convert("L").save(image)
    assert plan() == of_one_chunk
    image.write_bytes(scan)
    assert plan() == {}
    for path in (checkout / "scans").iterdir():
        path.touch()
    assert plan() == {}

    # One more page, the last by name: the same of the last chunk.
    shutil.copy(image, checkout / "scans/hana999-001.jpg")
    labels.write_text(before + "hana999-001,\n")
    assert plan() == of_one_chunk
