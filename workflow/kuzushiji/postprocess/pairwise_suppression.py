"""Pairwise suppression of overlapping boxes, among one detector's boxes and over all detectors."""

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import pairs_side_by_side
from kuzushiji.common.errors import InputError


def pairwise_suppression(image_id: np.ndarray, boxes: np.ndarray, scores: np.ndarray, iou: float) -> np.ndarray:
    """The boxes that the published solution's pairwise suppression keeps, page by page in the given order.

    Each box of a page in order, unless already dropped, is compared with every later box not yet dropped. If their
    intersection over union exceeds `iou`, the one with the lower score is dropped, or the later one if scores are
    equal. A box dropped in its own turn still drops later ones until the turn ends, so that the result depends on the
    order. Widths and heights count both edge pixels (the +1 convention).

    image_id: (N,) page of each box; pages may be mixed, since only the order within a page matters.
    boxes: (N, 4) x_min, y_min, x_max, y_max in pixels. scores: (N,).
    Returns (N,) bool. Raises `InputError` if a score or a corner is not a number.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    scores = np.asarray(scores, dtype=np.float64)
    bad = np.flatnonzero(np.isnan(scores) | ~np.isfinite(boxes).all(axis=1))
    if len(bad):
        raise InputError(
            f"page {image_id[bad[0]]}, row {bad[0]}: a score or corner is not a number ({len(bad)} rows in all); "
            "make the table anew with the stage before"
        )
    earlier, later = _overlapping_pairs(np.asarray(image_id), boxes, iou)
    later_wins = scores[later] > scores[earlier]
    down = ~later_wins  # if its turn comes, the earlier box drops the later one
    reached = _reached(len(boxes), earlier[down], later[down])

    # The turn in which an earlier box drops each box, if any.
    dropped_in = np.full(len(boxes), len(boxes))
    active = down & reached[earlier]
    np.minimum.at(dropped_in, later[active], earlier[active])
    # In its own turn a box is dropped by a better later box that no earlier turn has dropped.
    falls = later_wins & (dropped_in[later] > earlier)
    kept = reached
    kept[earlier[falls]] = False
    return kept


def _reached(count: int, earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """The boxes that remain until their turn: those that no earlier such box drops.

    The pairs (earlier, later) form an acyclic graph; each round decides the boxes whose earlier ones are decided.
    """
    reached = np.ones(count, dtype=bool)
    settled = np.ones(count, dtype=bool)
    settled[later] = False
    while len(later):
        drops = settled[earlier] & reached[earlier]
        reached[later[drops]] = False
        settled[later[drops]] = True
        # A pair matters while neither of its boxes is decided.
        pending = ~settled[earlier] & ~settled[later]
        waits = np.zeros(count, dtype=bool)
        waits[later[pending]] = True
        settled[later[~waits[later]]] = True
        earlier, later = earlier[pending], later[pending]
    return reached


def _overlapping_pairs(image_id: np.ndarray, boxes: np.ndarray, iou: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of indices (earlier, later) on one page whose intersection over union exceeds `iou`."""
    found = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
    for a, b in pairs_side_by_side(pd.factorize(image_id)[0], boxes, margin=1):  # of the +1 convention
        enough = _iou(boxes[a], boxes[b]) > iou
        found.append((a[enough], b[enough]))
    return np.concatenate([pair[0] for pair in found]), np.concatenate([pair[1] for pair in found])


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row-wise intersection over union of (M, 4) boxes in the +1-pixel convention; 0 where nothing intersects."""
    sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]) + 1
    intersection = np.prod(np.maximum(sides, 0), axis=1)
    union = np.prod(a[:, 2:] - a[:, :2] + 1, axis=1) + np.prod(b[:, 2:] - b[:, :2] + 1, axis=1) - intersection
    return np.divide(intersection, union, out=np.zeros_like(intersection), where=intersection > 0)
