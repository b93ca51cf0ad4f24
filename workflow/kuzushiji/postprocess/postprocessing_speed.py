"""Time and memory of postprocessing, from the classifiers' predictions to the submission."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.measure import measured
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.postprocess.booster import booster_rows, train
from kuzushiji.postprocess.features import page_features, read_features, write_features
from kuzushiji.postprocess.filter import filter_boxes
from kuzushiji.postprocess.fuse import fuse
from kuzushiji.postprocess.nms import merge_detectors
from kuzushiji.publish.submission import read_submission, submission

_WIDTH, _HEIGHT = 3000, 4000  # pixels
_A_COLUMN = 25  # characters
_DETECTORS, _CLASSIFIERS = ("first", "second"), ("a", "b", "c", "d", "e")


def postprocessing_speed(
    settings: dict, plain_suppression: Callable, plain_features: Callable, folder: Path, threads: int
) -> pd.DataFrame:
    """Time and memory of NMS, features, and of all from fusion to submission, on made-up pages.

    `plain_suppression(boxes, scores, iou)` and `plain_features(boxes, page_width, page_height)` do one page box by box
    in plain Python; their best time on a page of `crowded` boxes is set against the tables' on `crowded_pages` of them.
    NMS and features are then measured at each number of `pages`, and the whole, files included, at the last one, with
    `_DETECTORS` and `_CLASSIFIERS`, `boxes` a page and detector, and boosters trained on `training_pages`.

    settings: the configuration's `benchmarks.postprocessing_speed`, with `iou`, `threshold`, `max_predictions` and
    `training` of the stages. folder: for the whole's files.
    Returns a row a measurement: `work`, `pages`, `boxes` a page, `seconds`, `peak_mb` of its process, and where
    compared `plain_seconds_a_page` and `times_faster`, a page against a page.
    """
    rows = []
    for work, boxes, plain in (
        (_nms, settings["crowded"] // 2, _plain_suppression(plain_suppression, settings)),
        (_features, settings["crowded"], _plain_features(plain_features, settings)),
    ):
        seconds = min(work(settings["crowded_pages"], boxes, settings["iou"]) for _ in range(3))
        a_page = min(_timed(plain) for _ in range(2))
        row = {"work": work.__name__.strip("_"), "pages": settings["crowded_pages"], "boxes": settings["crowded"]}
        faster = a_page / (seconds / settings["crowded_pages"])
        rows.append({**row, "seconds": seconds, "plain_seconds_a_page": a_page, "times_faster": faster})
    for work in (_nms, _features):
        for pages in settings["pages"]:
            seconds, peak = measured(work, pages, settings["boxes"], settings["iou"])
            row = {"work": work.__name__.strip("_"), "pages": pages, "boxes": settings["boxes"]}
            rows.append({**row, "seconds": seconds, "peak_mb": peak})
    _write_inputs(settings, folder, threads)
    parts, peak = measured(_whole, settings, folder, threads, threads=threads)
    for work, seconds in parts.items():
        row = {"work": work, "pages": settings["pages"][-1], "boxes": settings["boxes"], "seconds": seconds}
        rows.append(row | ({"peak_mb": peak} if work == "whole" else {}))
    columns = ["work", "pages", "boxes", "seconds", "peak_mb", "plain_seconds_a_page", "times_faster"]
    return pd.DataFrame(rows, columns=columns)


def drawn_boxes(pages: int, boxes: int, seed: int) -> pd.DataFrame:
    """A merged table of `pages` pages of written columns, with `boxes` each, by descending detector score."""
    rng = np.random.default_rng(seed)
    place, count = np.tile(np.arange(boxes), pages), pages * boxes
    pitch, step = 0.9 * _WIDTH / -(-boxes // _A_COLUMN), 0.9 * _HEIGHT / min(boxes, _A_COLUMN)
    x = 0.05 * _WIDTH + (place // _A_COLUMN + 0.5) * pitch + rng.normal(0, 0.08 * pitch, count)
    y = 0.05 * _HEIGHT + (place % _A_COLUMN + 0.5) * step + rng.normal(0, 0.08 * step, count)
    half_width = np.maximum(4, rng.normal(0.35, 0.06, count) * pitch)
    half_height = np.maximum(4, rng.normal(0.42, 0.07, count) * step)
    corners = np.rint([x - half_width, y - half_height, x + half_width, y + half_height]).astype(np.int32)
    table = pd.DataFrame(dict(zip(CORNERS, corners, strict=True)))
    table.insert(0, "image_id", np.char.add("page", np.char.zfill(np.repeat(np.arange(pages), boxes).astype(str), 6)))
    table["detector_score"] = rng.random(count, dtype=np.float32)
    table["codepoint"] = _codepoints(rng, count)
    table["probability"] = rng.random(count, dtype=np.float32)
    table["detector"] = _DETECTORS[0]
    table = table.sort_values(["image_id", "detector_score"], ascending=[True, False], ignore_index=True)
    table.insert(1, "box", table.groupby("image_id").cumcount().astype(np.int32))
    return table


def drawn_pages(pages: int) -> pd.DataFrame:
    """The pages of `drawn_boxes`, ten to a book."""
    page = np.arange(pages)
    ids = np.char.add("page", np.char.zfill(page.astype(str), 6))
    books = np.char.add("book", (page // 10).astype(str))
    same = {"image_set": "drawn", "path": "", "width": _WIDTH, "height": _HEIGHT, "chunk": 0, "note": ""}
    return pd.DataFrame({"image_id": ids, "book": books, **same})


def _codepoints(rng: np.random.Generator, count: int) -> np.ndarray:
    """Codepoints of which few are frequent and many rare."""
    names = np.array([f"U+{code:04X}" for code in [*range(0x3042, 0x3092), *range(0x4E00, 0x4E00 + 4000)]])
    return names[np.minimum((rng.pareto(1.0, count) * 20).astype(np.int64), len(names) - 1)]


def _timed(function: Callable) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _nms(pages: int, boxes: int, iou: float) -> float:
    fused = {name: drawn_boxes(pages, boxes, seed) for seed, name in enumerate(_DETECTORS)}
    return _timed(lambda: merge_detectors(fused, iou))


def _features(pages: int, boxes: int, _: float) -> float:
    table, of_pages = drawn_boxes(pages, boxes, 0), drawn_pages(pages)
    return _timed(lambda: page_features(table, of_pages))


def _plain_suppression(suppression: Callable, settings: dict) -> Callable:
    boxes = pd.concat([drawn_boxes(1, settings["crowded"] // 2, seed) for seed in range(len(_DETECTORS))])
    corners, scores = boxes[CORNERS].to_numpy().tolist(), boxes["probability"].tolist()
    return lambda: suppression(corners, scores, settings["iou"])


def _plain_features(features: Callable, settings: dict) -> Callable:
    boxes = drawn_boxes(1, settings["crowded"], 0)
    rows = boxes[[*CORNERS, "detector_score", "codepoint", "probability"]].to_numpy(object).tolist()
    return lambda: features(rows, _WIDTH, _HEIGHT)


def _write_inputs(settings: dict, folder: Path, threads: int) -> None:
    """Predictions on the last number of `pages`, and boosters that were trained on other pages."""
    for seed, (pages, part) in enumerate([(settings["training_pages"], "training"), (settings["pages"][-1], "pages")]):
        truth = drawn_boxes(pages, settings["boxes"], seed)
        (folder / part).mkdir(parents=True, exist_ok=True)
        write_table(drawn_pages(pages), folder / part / "pages.parquet", "pages")
        for detector in _DETECTORS:
            rng = np.random.default_rng([seed, _DETECTORS.index(detector)])
            false = rng.random(len(truth)) < 0.05
            found = truth.assign(detector_score=np.where(false, rng.beta(1, 2, len(truth)), rng.beta(9, 1, len(truth))))
            found[CORNERS] += rng.integers(-5, 6, (len(truth), 4))
            for classifier in _CLASSIFIERS:
                wrong = false | (rng.random(len(truth)) < 0.1)
                sure = np.where(wrong, rng.beta(2, 2, len(truth)), rng.beta(9, 1, len(truth)))
                read = np.where(wrong, _codepoints(rng, len(truth)), truth["codepoint"])
                path = folder / part / f"{detector}_{classifier}.parquet"
                write_table(found.assign(codepoint=read, probability=sure), path, "predictions")
        if part == "training":
            merged = merge_detectors({name: _fused(folder / part, name) for name in _DETECTORS}, settings["iou"])
            of_pages = drawn_pages(pages)
            rows = booster_rows(page_features(merged, of_pages), merged, truth, of_pages)
            train(rows, settings["parameters"], settings["training"], "intended", folder / "boosters", threads)


def _fused(folder: Path, detector: str) -> pd.DataFrame:
    tables = {name: read_table(folder / f"{detector}_{name}.parquet", "predictions") for name in _CLASSIFIERS}
    return fuse(tables, "hard_prob")


def _whole(settings: dict, folder: Path, threads: int) -> dict[str, float]:
    """Seconds of each stage, its files read and written as in the workflow, and of all together."""
    inputs = folder / "pages"
    seconds = {}

    def stage(name: str, work: Callable) -> None:
        seconds[name] = _timed(work)

    def fuse_all() -> None:
        for detector in _DETECTORS:
            write_table(_fused(inputs, detector), folder / f"{detector}.parquet", "predictions")

    def merge() -> None:
        fused = {name: read_table(folder / f"{name}.parquet", "predictions") for name in _DETECTORS}
        write_table(merge_detectors(fused, settings["iou"]), folder / "merged.parquet", "merged")

    def featurize() -> None:
        merged, pages = read_table(folder / "merged.parquet", "merged"), read_table(inputs / "pages.parquet", "pages")
        write_features(page_features(merged, pages), folder / "features.parquet")

    def drop() -> None:
        merged, features = read_table(folder / "merged.parquet", "merged"), read_features(folder / "features.parquet")
        boosters = sorted((folder / "boosters").glob("fold_*.txt"))
        recognized = filter_boxes(merged, features, boosters, settings["threshold"], "intended", threads)
        write_table(recognized, folder / "recognized.parquet", "recognized")

    def submit() -> None:
        recognized = read_table(folder / "recognized.parquet", "recognized")
        ids = read_table(inputs / "pages.parquet", "pages")["image_id"].tolist()
        submission(recognized, ids, settings["max_predictions"]).to_csv(folder / "submission.csv", index=False)
        read_submission(folder / "submission.csv", settings["max_predictions"])

    for name, work in {
        "whole: fuse": fuse_all,
        "whole: nms": merge,
        "whole: features": featurize,
        "whole: filter": drop,
        "whole: submission": submit,
    }.items():
        stage(name, work)
    return seconds | {"whole": sum(seconds.values())}
