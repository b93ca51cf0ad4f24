"""The pairwise walk that drops overlapping boxes: within one detector's boxes, and over the detectors."""

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import pairs_side_by_side
from kuzushiji.common.errors import InputError


def pairwise_suppression(image_id: np.ndarray, boxes: np.ndarray, scores: np.ndarray, iou: float) -> np.ndarray:
    """Which boxes the published solution's walk keeps, page by page and in the given order.

    The walk takes the boxes of a page in order, skips those already dropped, and compares each with every later
    box that is still there. Of two whose intersection over union exceeds `iou` the lower score is dropped, the
    later box where scores are equal. A box dropped in its own turn goes on dropping later ones until that turn ends,
    so the result depends on the order. Widths and heights count both edge pixels (the +1 convention).

    image_id: (N,) page of each box; pages may be mixed, the order within a page is what counts.
    boxes: (N, 4) x_min, y_min, x_max, y_max in pixels. scores: (N,).
    Returns (N,) bool. Raises `InputError` where a score or a corner is not a number.
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
    down = ~later_wins  # the earlier box, if its turn comes, drops the later one
    reached = _reached(len(boxes), earlier[down], later[down])

    # The turn in which each box is dropped by an earlier one, if it is.
    dropped_in = np.full(len(boxes), len(boxes))
    active = down & reached[earlier]
    np.minimum.at(dropped_in, later[active], earlier[active])
    # A box falls in its own turn to a better later one that no turn before has dropped.
    falls = later_wins & (dropped_in[later] > earlier)
    kept = reached
    kept[earlier[falls]] = False
    return kept


def _reached(count: int, earlier: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Which boxes are still there when their turn comes: those that no reached earlier box drops.

    The pairs (earlier, later) form an acyclic graph; each round settles the boxes whose earlier ones are settled.
    """
    reached = np.ones(count, dtype=bool)
    settled = np.ones(count, dtype=bool)
    settled[later] = False
    while len(later):
        drops = settled[earlier] & reached[earlier]
        reached[later[drops]] = False
        settled[later[drops]] = True
        # A pair matters as long as neither of its boxes is settled.
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
