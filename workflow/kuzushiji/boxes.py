"""Geometry that several stages share."""

import numpy as np
import pandas as pd

CORNERS = ["x_min", "y_min", "x_max", "y_max"]


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
