"""The competition's metric."""

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import CORNERS, centers, expand_ranges


def match(predictions: pd.DataFrame, truth: pd.DataFrame) -> np.ndarray:
    """Which predictions the competition's metric counts as hits.

    In the order of `truth`, each true box takes the first unused prediction of its page (in the order of `predictions`)
    with the same codepoint and with its center strictly inside the box. Predictions on pages without true boxes are
    not hits.

    Returns (N,) bool, aligned with the rows of `predictions`.
    """
    return _assign(predictions, truth, ["image_id", "codepoint"])


def match_boxes(predictions: pd.DataFrame, truth: pd.DataFrame) -> np.ndarray:
    """`match` for detection alone, which ignores the codepoints. Returns (N,) bool."""
    return _assign(predictions, truth, ["image_id"])


def taken(boxes: pd.DataFrame, most: int) -> pd.DataFrame:
    """The rows of `boxes` that the competition takes: of each page the `most` probable characters, in the same order.

    Equal probabilities go by the number of the box.
    """
    order = boxes.reset_index(drop=True).sort_values(["image_id", "probability", "box"], ascending=[True, False, True])
    return boxes[(order.groupby("image_id").cumcount() < most).sort_index().to_numpy()]


def scores(predictions: pd.DataFrame, truth: pd.DataFrame) -> dict:
    """Micro-averaged scores of `predictions` by the competition's metric; see `counts`."""
    hits = int(match(predictions, truth).sum())
    return counts(hits, len(predictions), len(truth))


def counts(hits: int, predicted: int, true: int) -> dict:
    """true_positives, false_positives, false_negatives, precision, recall and f1 (0 where undefined)."""
    return {
        "true_positives": hits,
        "false_positives": predicted - hits,
        "false_negatives": true - hits,
        "precision": hits / predicted if predicted else 0.0,
        "recall": hits / true if true else 0.0,
        "f1": 2 * hits / (predicted + true) if predicted + true else 0.0,
    }


def inside_pairs(predictions: pd.DataFrame, truth: pd.DataFrame, same: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows (truth, prediction) that agree in the columns `same`, with the center strictly inside the box."""
    codes = pd.concat([truth[same].astype(object), predictions[same].astype(object)]).groupby(same, sort=False).ngroup()
    group, point_group = codes.to_numpy()[: len(truth)], codes.to_numpy()[len(truth) :]
    points = centers(predictions)
    corners = truth[CORNERS].to_numpy(np.float64)
    # Groups are shifted below one another, so that a range of y finds only points of the box's own group.
    low = min(points[:, 1].min(initial=0), corners[:, 1].min(initial=0))
    span = max(points[:, 1].max(initial=0), corners[:, 3].max(initial=0)) - low + 1
    y = points[:, 1] - low + point_group * span
    order = np.argsort(y, kind="stable")
    start = np.searchsorted(y[order], corners[:, 1] - low + group * span, side="right")
    stop = np.searchsorted(y[order], corners[:, 3] - low + group * span, side="left")
    box, position = expand_ranges(start, stop)
    point = order[position]
    inside = (corners[box, 0] < points[point, 0]) & (points[point, 0] < corners[box, 2])
    return box[inside], point[inside]


def _assign(predictions: pd.DataFrame, truth: pd.DataFrame, same: list[str]) -> np.ndarray:
    box, point = inside_pairs(predictions, truth, same)
    hit = np.zeros(len(predictions), dtype=bool)
    while len(box):
        # A box may choose when no earlier box could still take the same point.
        wanted = np.full(len(truth), len(predictions))
        np.minimum.at(wanted, box, point)
        earliest = np.full(len(predictions), len(truth))
        np.minimum.at(earliest, point, box)
        chooses = (wanted[box] == point) & (earliest[point] == box)
        hit[point[chooses]] = True
        served = np.zeros(len(truth), dtype=bool)
        served[box[chooses]] = True
        open_pairs = ~served[box] & ~hit[point]
        box, point = box[open_pairs], point[open_pairs]
    return hit
