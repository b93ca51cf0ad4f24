"""The speed of everything after the networks: from predictions to the submission, on made-up pages.

Suppression and features are also timed in plain Python, on one page: the tables' times are of `CROWDED_PAGES` of them.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import reference
import yaml

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.postprocess.booster import booster_rows, train
from kuzushiji.postprocess.features import page_features, read_features, write_features
from kuzushiji.postprocess.filter import filter_boxes
from kuzushiji.postprocess.fuse import fuse
from kuzushiji.postprocess.nms import merge_detectors
from kuzushiji.publish.submission import read_submission, submission

CONFIG = yaml.safe_load(Path("config.yaml").read_text())
IOU, MOST = CONFIG["nms"]["iou"], CONFIG["submission"]["max_predictions"]
DETECTORS, CLASSIFIERS = ("first", "second"), ("a", "b", "c", "d", "e")
PAGES = [1000, 4150]  # the last is the competition's number of test pages
BOXES = 300  # a page and detector
CROWDED, CROWDED_PAGES = 600, 200  # boxes a page, pages
TRAINING_PAGES = 100  # of the boosters
THREADS = 2
# The published ones.
PARAMETERS = {"lambda_l1": 0.00205069, "lambda_l2": 0.494251, "num_leaves": 203, "feature_fraction": 0.860677}
PARAMETERS |= {"bagging_fraction": 0.952658, "bagging_freq": 2, "min_child_samples": 66}
WIDTH, HEIGHT = 3000, 4000  # pixels of a page
COLUMN = 25  # characters


@pytest.mark.parametrize("pages", PAGES)
def test_nms(benchmark, pages):
    fused = {name: drawn_boxes(pages, BOXES, seed) for seed, name in enumerate(DETECTORS)}
    once(benchmark, merge_detectors, fused, IOU)


@pytest.mark.parametrize("pages", PAGES)
def test_features(benchmark, pages):
    once(benchmark, page_features, drawn_boxes(pages, BOXES, 0), drawn_pages(pages))


def test_nms_of_crowded_pages(benchmark):
    fused = {name: drawn_boxes(CROWDED_PAGES, CROWDED // 2, seed) for seed, name in enumerate(DETECTORS)}
    benchmark.extra_info["pages"] = CROWDED_PAGES
    benchmark.pedantic(merge_detectors, (fused, IOU), rounds=3)


def test_nms_of_a_crowded_page_in_plain_python(benchmark):
    boxes = pd.concat([drawn_boxes(1, CROWDED // 2, seed) for seed in range(len(DETECTORS))])
    corners, scores = boxes[CORNERS].to_numpy().tolist(), boxes["probability"].tolist()
    benchmark.pedantic(reference.pairwise_suppression, (corners, scores, IOU), rounds=2)


def test_features_of_crowded_pages(benchmark):
    benchmark.extra_info["pages"] = CROWDED_PAGES
    boxes, pages = drawn_boxes(CROWDED_PAGES, CROWDED, 0), drawn_pages(CROWDED_PAGES)
    benchmark.pedantic(page_features, (boxes, pages), rounds=3)


def test_features_of_a_crowded_page_in_plain_python(benchmark):
    boxes = drawn_boxes(1, CROWDED, 0)
    rows = boxes[[*CORNERS, "detector_score", "codepoint", "probability"]].to_numpy(object).tolist()
    benchmark.pedantic(reference.features, (rows, WIDTH, HEIGHT), rounds=2)


# The whole way, of as many pages as the competition's test set has: files are read and written as in the workflow.


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    write_predictions(folder, PAGES[-1], seed=1)
    return folder


def test_whole_1_fuse(benchmark, folder):
    def work():
        for detector in DETECTORS:
            write_table(fused_table(folder, detector), folder / f"{detector}.parquet", "predictions")

    once(benchmark, work)


def test_whole_2_nms(benchmark, folder):
    def work():
        fused = {name: read_table(folder / f"{name}.parquet", "predictions") for name in DETECTORS}
        write_table(merge_detectors(fused, IOU), folder / "merged.parquet", "merged")

    once(benchmark, work)


def test_whole_3_features(benchmark, folder):
    def work():
        merged, pages = read_table(folder / "merged.parquet", "merged"), read_table(folder / "pages.parquet", "pages")
        write_features(page_features(merged, pages), folder / "features.parquet")

    once(benchmark, work)


def test_whole_4_filter(benchmark, folder, tmp_path):
    boosters = trained_boosters(tmp_path)

    def work():
        merged, features = read_table(folder / "merged.parquet", "merged"), read_features(folder / "features.parquet")
        recognized = filter_boxes(merged, features, boosters, CONFIG["filter"]["threshold"], "intended", THREADS)
        write_table(recognized, folder / "recognized.parquet", "recognized")

    once(benchmark, work)


def test_whole_5_submission(benchmark, folder):
    def work():
        recognized = read_table(folder / "recognized.parquet", "recognized")
        ids = read_table(folder / "pages.parquet", "pages")["image_id"].tolist()
        submission(recognized, ids, MOST).to_csv(folder / "submission.csv", index=False)
        read_submission(folder / "submission.csv", MOST)

    once(benchmark, work)


def once(benchmark, work, *arguments):
    """Time what takes long, after no warm-up: a job of the workflow has none either."""
    benchmark.pedantic(work, arguments, rounds=1)


def drawn_boxes(pages: int, boxes: int, seed: int) -> pd.DataFrame:
    """A merged table of `pages` pages of written columns, with `boxes` each, by descending detector score."""
    rng = np.random.default_rng(seed)
    place, count = np.tile(np.arange(boxes), pages), pages * boxes
    pitch, step = 0.9 * WIDTH / -(-boxes // COLUMN), 0.9 * HEIGHT / min(boxes, COLUMN)
    x = 0.05 * WIDTH + (place // COLUMN + 0.5) * pitch + rng.normal(0, 0.08 * pitch, count)
    y = 0.05 * HEIGHT + (place % COLUMN + 0.5) * step + rng.normal(0, 0.08 * step, count)
    half_width = np.maximum(4, rng.normal(0.35, 0.06, count) * pitch)
    half_height = np.maximum(4, rng.normal(0.42, 0.07, count) * step)
    corners = np.rint([x - half_width, y - half_height, x + half_width, y + half_height]).astype(np.int32)
    table = pd.DataFrame(dict(zip(CORNERS, corners, strict=True)))
    table.insert(0, "image_id", np.char.add("page", np.char.zfill(np.repeat(np.arange(pages), boxes).astype(str), 6)))
    table["detector_score"] = rng.random(count, dtype=np.float32)
    table["codepoint"] = codepoints(rng, count)
    table["probability"] = rng.random(count, dtype=np.float32)
    table["detector"] = DETECTORS[0]
    table = table.sort_values(["image_id", "detector_score"], ascending=[True, False], ignore_index=True)
    table.insert(1, "box", table.groupby("image_id").cumcount().astype(np.int32))
    return table


def drawn_pages(pages: int) -> pd.DataFrame:
    """The pages of `drawn_boxes`, ten to a book."""
    page = np.arange(pages)
    ids = np.char.add("page", np.char.zfill(page.astype(str), 6))
    books = np.char.add("book", (page // 10).astype(str))
    same = {"image_set": "drawn", "path": "", "width": WIDTH, "height": HEIGHT, "chunk": 0, "note": ""}
    return pd.DataFrame({"image_id": ids, "book": books, **same})


def codepoints(rng: np.random.Generator, count: int) -> np.ndarray:
    """Codepoints of which few are frequent and many rare."""
    names = np.array([f"U+{code:04X}" for code in [*range(0x3042, 0x3092), *range(0x4E00, 0x4E00 + 4000)]])
    return names[np.minimum((rng.pareto(1.0, count) * 20).astype(np.int64), len(names) - 1)]


def write_predictions(folder: Path, pages: int, seed: int) -> pd.DataFrame:
    """Write `pages` and what every detector and classifier predicts on them to `folder`; returns the true boxes."""
    truth = drawn_boxes(pages, BOXES, seed)
    write_table(drawn_pages(pages), folder / "pages.parquet", "pages")
    for number, detector in enumerate(DETECTORS):
        rng = np.random.default_rng([seed, number])
        false = rng.random(len(truth)) < 0.05
        found = truth.assign(detector_score=np.where(false, rng.beta(1, 2, len(truth)), rng.beta(9, 1, len(truth))))
        found[CORNERS] += rng.integers(-5, 6, (len(truth), 4))
        for classifier in CLASSIFIERS:
            wrong = false | (rng.random(len(truth)) < 0.1)
            sure = np.where(wrong, rng.beta(2, 2, len(truth)), rng.beta(9, 1, len(truth)))
            read = np.where(wrong, codepoints(rng, len(truth)), truth["codepoint"])
            path = folder / f"{detector}_{classifier}.parquet"
            write_table(found.assign(codepoint=read, probability=sure), path, "predictions")
    return truth


def fused_table(folder: Path, detector: str) -> pd.DataFrame:
    tables = {name: read_table(folder / f"{detector}_{name}.parquet", "predictions") for name in CLASSIFIERS}
    return fuse(tables, "hard_prob")


def trained_boosters(folder: Path) -> list[Path]:
    """Boosters that were trained on other pages."""
    truth, pages = write_predictions(folder, TRAINING_PAGES, seed=0), drawn_pages(TRAINING_PAGES)
    merged = merge_detectors({name: fused_table(folder, name) for name in DETECTORS}, IOU)
    rows = booster_rows(page_features(merged, pages), merged, truth, pages)
    train(rows, PARAMETERS, CONFIG["booster"]["training"], "intended", folder / "boosters", THREADS)
    return sorted((folder / "boosters").glob("fold_*.txt"))
