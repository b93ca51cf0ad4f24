"""Geometry that several stages share."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

CORNERS = ["x_min", "y_min", "x_max", "y_max"]
_PAIRS_AT_ONCE = 2_000_000  # bounds the memory of the search for pairs


def centers(table: pd.DataFrame) -> np.ndarray:
    """Centers of the boxes of `table`, (N, 2) int64 pixels (x, y), rounded half to even."""
    corners = table[CORNERS].to_numpy(np.float64)
    return np.rint((corners[:, :2] + corners[:, 2:]) / 2).astype(np.int64)


def expand_ranges(start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (i, k) with `start[i] <= k < stop[i]`, as two int64 arrays ordered by i, then k."""
    count = np.maximum(stop - start, 0)
    first = np.repeat(np.arange(len(count)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return first, np.repeat(start, count) + offset


def pairs_side_by_side(page: np.ndarray, boxes: np.ndarray, margin: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of row positions (a, b), a < b, of boxes on one page that come nearer than `margin` pixels on both axes.

    A sweep from top to bottom over all pages at once: time and memory grow with the pairs at one height, not with the
    square of the boxes. page: (N,) whole numbers from 0. boxes: (N, 4) corners in pixels. Yields the pairs in
    portions of bounded size, each pair once.
    """
    # Each page's rows move into a band of their own, so that no range of heights meets another page's boxes.
    low = boxes[:, 1].min(initial=0.0)
    top, bottom = boxes[:, 1] - low, boxes[:, 3] - low
    band = max(top.max(initial=0.0), bottom.max(initial=0.0)) + margin + 3
    top, bottom = top + page * band, bottom + page * band
    order = np.argsort(top, kind="stable")
    # One pixel more, against rounding in the shifted coordinates.
    stop = np.searchsorted(top[order], bottom[order] + margin + 1, side="right")
    start = np.arange(1, len(order) + 1)
    portion = np.cumsum(np.maximum(stop - start, 0)) // _PAIRS_AT_ONCE
    left, right = boxes[order, 0], boxes[order, 2]
    for rows in np.split(np.arange(len(order)), np.flatnonzero(np.diff(portion)) + 1):
        first, second = expand_ranges(start[rows], stop[rows])
        first += rows[0] if len(rows) else 0
        beside = np.minimum(right[first], right[second]) - np.maximum(left[first], left[second]) > -margin
        a, b = order[first[beside]], order[second[beside]]
        a, b = np.minimum(a, b), np.maximum(a, b)
        level = np.minimum(boxes[a, 3], boxes[b, 3]) - np.maximum(boxes[a, 1], boxes[b, 1]) > -margin
        yield a[level], b[level]
