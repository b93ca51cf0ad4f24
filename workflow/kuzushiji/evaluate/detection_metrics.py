"""Scores of the detectors alone: by book, by score threshold, and by IoU."""

import contextlib
import io

import numpy as np
import pandas as pd
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.common.score import counts, match_boxes
from kuzushiji.evaluate.metrics import seen_in_training

IOUS = np.linspace(0.5, 0.95, 10)  # COCO's average precision is the mean over these
MAX_DETECTIONS = 1300  # per page; more if a page has more boxes
ALL = "(all)"


def detection_metrics(
    detections: dict[str, pd.DataFrame],
    truth: pd.DataFrame,
    pages: pd.DataFrame,
    training_books: set[str] | None,
    settings: dict,
) -> dict[str, pd.DataFrame]:
    """Scores of the detectors (name → table of detections) against the true boxes of `pages`, without codepoints.

    `f1`, `precision` and `recall` are the competition's: a box is a hit if its center lies in a true box that no other
    box has taken. Those with an IoU in their name are COCO's (Lin et al., "Microsoft COCO: Common Objects in Context"):
    by descending score, each box takes the free true box with the greatest overlap of at least that IoU.
    `average_precision` is COCO's, over all boxes, at one IoU (`iou`) or as the mean over `IOUS` (`books`).
    All are shares between 0 and 1. Without boxes scores are 0; without true boxes there is no average precision (NaN).

    Returns tables, with a row for
    `books`: each detector and book, the books that were seen in training (`training_books`) together, the unseen ones,
        and all, with boxes of at least `settings["detector_score"]`;
    `scores`: each detector and threshold of `settings["scores"]`; `best` marks the highest F1 (ties: the lowest score);
    `iou`: each detector and IoU, with boxes of at least `settings["detector_score"]`.

    Raises `InputError` if there are no pages or no detectors, or a detector has boxes on other pages.
    """
    if pages.empty:
        raise InputError("detection_metrics: the page set has no pages; score one that has")
    if not detections:
        raise InputError("detection_metrics: there is no detector to score; config.yaml has none under detectors")
    pages = pages.sort_values("image_id", ignore_index=True)
    truth = truth[truth["image_id"].isin(pages["image_id"])]
    truth = truth.sort_values(["image_id", "box"], kind="stable", ignore_index=True)
    parts = _parts(pages, training_books)
    found = {"books": [], "scores": [], "iou": []}
    for detector, table in detections.items():
        strange = sorted(set(table["image_id"]) - set(pages["image_id"]))
        if strange:
            raise InputError(
                f"detections of {detector}: page {strange[0]} is not of this page set ({len(strange)} such pages); "
                "evaluate the pages that were worked on"
            )
        table = table.sort_values(["image_id", "box"], kind="stable", ignore_index=True)
        matches, matched = coco_matches(table, truth, pages["image_id"])
        score = table["detector_score"].to_numpy(np.float32)
        reported = score >= np.float32(settings["detector_score"])
        rows = {
            "books": _book_rows(table, truth, pages, parts, matches, matched, reported),
            "scores": _score_rows(table, truth, matched, score, settings["scores"]),
            "iou": _iou_rows(matches, matched[reported], len(truth)),
        }
        for name, part in rows.items():
            found[name].append(pd.DataFrame(part).assign(detector=detector))
    tables = {name: pd.concat(tables, ignore_index=True) for name, tables in found.items()}
    return {name: table.set_index("detector").reset_index() for name, table in tables.items()}


def coco_matches(detections: pd.DataFrame, truth: pd.DataFrame, image_ids: pd.Series) -> tuple[list, np.ndarray]:
    """COCO's matching, page by page, at each of `IOUS`.

    `image_ids` are distinct and contain all pages of both tables. Returns pycocotools' result of each page, in the
    order of `image_ids` (for `average_precision`), and (N, 10) bool: whether a row of `detections` matches a true box.
    """
    most = int(detections["image_id"].value_counts().max()) if len(detections) else 0
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = _evaluation(most, _coco(truth, image_ids), _coco(detections, image_ids))
        matches = []
        for page in range(len(image_ids)):  # one at a time: pycocotools keeps the IoU of every pair of boxes
            evaluation.params.imgIds = [page]
            evaluation.evaluate()
            matches += evaluation.evalImgs
    matched = np.zeros((len(detections), len(IOUS)), dtype=bool)
    for page in filter(None, matches):
        matched[np.array(page["dtIds"], dtype=int) - 1] = page["dtMatches"].T > 0
    return matches, matched


def _evaluation(most: int, *boxes: COCO) -> COCOeval:
    evaluation = COCOeval(*boxes, iouType="bbox")
    evaluation.params.iouThrs = IOUS
    evaluation.params.maxDets = [max(MAX_DETECTIONS, most)]
    evaluation.params.areaRng = [[0, np.inf]]
    return evaluation


def _coco(table: pd.DataFrame, image_ids: pd.Series) -> COCO:
    corners = table[CORNERS].to_numpy(np.float64)
    boxes = np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]])  # x, y, width, height
    annotations = pd.DataFrame(
        {
            "id": np.arange(1, len(table) + 1),  # 0 means "no match"
            "image_id": pd.Index(image_ids).get_indexer(table["image_id"]),
            "category_id": 1,
            "bbox": list(boxes),
            "area": boxes[:, 2] * boxes[:, 3],
            "iscrowd": 0,
        }
    )
    if "detector_score" in table:
        annotations["score"] = table["detector_score"].to_numpy(np.float64)
    coco = COCO()
    coco.dataset = {
        "images": [{"id": page} for page in range(len(image_ids))],
        "categories": [{"id": 1}],
        "annotations": annotations.to_dict("records"),
    }
    coco.createIndex()
    return coco


def average_precision(matches: list) -> np.ndarray:
    """COCO's average precision over pages that `coco_matches` matched, at each of `IOUS`, (10,).

    NaN where there are no true boxes.
    """
    evaluation = _evaluation(max((page["maxDet"] for page in filter(None, matches)), default=0))
    evaluation.params.imgIds = list(range(len(matches)))
    evaluation.params.catIds = [1]
    evaluation._paramsEval, evaluation.evalImgs = evaluation.params, matches  # as after matching these pages only
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.accumulate()
    precision = evaluation.eval["precision"].reshape(len(IOUS), -1).mean(axis=1)  # over 101 recalls
    return np.where(precision < 0, np.nan, precision)


def _parts(pages: pd.DataFrame, training_books: set[str] | None) -> dict[tuple[str, str], np.ndarray]:
    """The rows of `pages` for each (book, training)."""
    training = seen_in_training(pages["book"], training_books)
    parts = {(book, training[rows[0]]): rows for book, rows in sorted(pages.groupby("book").indices.items())}
    parts |= {(ALL, which): rows for which, rows in sorted(pages.groupby(training).indices.items())}
    return parts | {(ALL, ALL): np.arange(len(pages))}


def _book_rows(table, truth, pages, parts, matches, matched, reported) -> list[dict]:
    hit = np.zeros(len(table), dtype=bool)
    hit[reported] = match_boxes(table[reported], truth)
    at = {f"iou{round(100 * iou)}": matched[:, np.isclose(IOUS, iou)].any(axis=1) & reported for iou in (0.5, 0.75)}
    by_page = pd.DataFrame({"all": True, "reported": reported, "hits": hit, **at}).groupby(table["image_id"]).sum()
    by_page = by_page.reindex(pages["image_id"], fill_value=0)
    characters = truth["image_id"].value_counts().reindex(pages["image_id"], fill_value=0)
    rows = []
    for (book, training), members in parts.items():
        sums, true = by_page.iloc[members].sum(), int(characters.iloc[members].sum())
        row = {"book": book, "training": training, "pages": len(members), "characters": true, "boxes": sums["all"]}
        row |= _rates(["f1", "precision", "recall"], sums["hits"], sums["reported"], true)
        for name in at:
            row |= _rates(["precision", "recall"], sums[name], sums["reported"], true, f"_{name}")
        rows.append(row | {"average_precision": average_precision([matches[page] for page in members]).mean()})
    return rows


def _score_rows(table, truth, matched, score, thresholds) -> list[dict]:
    rows = []
    for threshold in sorted(thresholds):
        kept = score >= np.float32(threshold)
        hits, count = match_boxes(table[kept], truth).sum(), kept.sum()
        row = {"score": threshold, "boxes": count} | _rates(["f1", "precision", "recall"], hits, count, len(truth))
        rows.append(row | _rates(["precision", "recall"], matched[kept, 0].sum(), count, len(truth), "_iou50"))
    best = max(rows, key=lambda row: row["f1"])
    return [row | {"best": "best" if row is best and best["f1"] else ""} for row in rows]


def _iou_rows(matches, matched, true) -> list[dict]:
    """Rates of the boxes in `matched`, with the average precision of all."""
    return [
        {
            "iou": round(iou, 2),
            **_rates(["precision", "recall"], hits, len(matched), true),
            "average_precision": precision,
        }
        for iou, hits, precision in zip(IOUS, matched.sum(axis=0), average_precision(matches), strict=True)
    ]


def _rates(names: list[str], hits: int, predicted: int, true: int, suffix: str = "") -> dict:
    rates = counts(int(hits), int(predicted), int(true))
    return {f"{name}{suffix}": rates[name] for name in names}
