"""Places for characters of a text that were not found on its page."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import CORNERS
from kuzushiji.text.transcriptions import Written

_PITCH = 1.3  # of columns beside which there are no others, in widths of a box
_WIDTH = 0.75  # of a box at most, in pitches


class Size(NamedTuple):
    """Of a page, in pixels."""

    width: int
    height: int


def insert(kept: pd.DataFrame, at: int, marks: Sequence[Written], ended: bool, size: Size, apart: bool) -> np.ndarray:
    """The corners of the characters `marks`, which stand before the box `at` in reading order, (n, 4).

    kept: the boxes of the page in reading order, with their column. ended: a line of the text ends with the marks.
    apart: lines are columns. Marks between two boxes of a column share the place there. Else they continue the column
    before or, if there is none, stand above the box `at`. If lines are columns, the first one alone continues that
    column, the last one stands above the box `at` unless it has `ended`, and whole lines between them are columns of
    their own, evenly between those beside or in what is left of the page.
    """
    if kept.empty:
        return _over_page(_lines(marks), size)
    corners, column = kept[CORNERS].to_numpy(float), kept["column"].to_numpy()
    before, after = corners[at - 1] if at else None, corners[at] if at < len(corners) else None
    if before is not None and after is not None and _continues(before, after):
        top, bottom = before[3], max(after[1], before[3] + len(marks))
        return _inside(_stacked(before[0], before[2], top, (bottom - top) / len(marks), len(marks)), size)
    lines = _lines(marks)
    if not apart:
        head, tail, lines = ([], list(marks), []) if before is not None else (list(marks), [], [])
    else:
        above = after is not None and not ended and (marks[-len(lines[-1])].begins or before is None)
        head = lines.pop() if above else []
        tail = lines.pop(0) if lines and before is not None and not marks[0].begins else []
    found = []
    if tail:
        step = min(before[3] - before[1], (size.height - before[3]) / len(tail))
        found.append(_stacked(before[0], before[2], before[3], max(step, 1), len(tail)))
    if lines:
        sides = [corners[column == column[place]] if 0 <= place < len(corners) else None for place in (at - 1, at)]
        found.append(_columns(lines, *sides, size))
    if head:
        step = min(after[3] - after[1], after[1] / len(head))
        found.append(_stacked(after[0], after[2], after[1] - max(step, 1) * len(head), max(step, 1), len(head)))
    return _inside(np.concatenate(found), size)


def _lines(marks: Sequence[Written]) -> list[list[Written]]:
    lines: list[list[Written]] = []
    for mark in marks:
        if mark.begins or not lines:
            lines.append([])
        lines[-1].append(mark)
    return lines


def _continues(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether the box `after` is below the other in its column."""
    return after[0] < before[2] and after[2] > before[0] and after[1] > before[1]


def _columns(lines: list[list[Written]], right: np.ndarray | None, left: np.ndarray | None, size: Size) -> np.ndarray:
    """A column for each line, from right to left between the boxes of two columns, or beside one of them."""
    beside = left if right is None else right
    width, step = np.median(beside[:, 2] - beside[:, 0]), np.median(beside[:, 3] - beside[:, 1])
    centers = [None if side is None else np.median(side[:, 0] + side[:, 2]) / 2 for side in (right, left)]
    if right is None:
        first, pitch = centers[1], -min(_PITCH * width, (size.width - centers[1]) / (len(lines) + 0.5))
        places = [first - pitch * (len(lines) - number) for number in range(len(lines))]
    else:
        room = (centers[0] - centers[1]) / (len(lines) + 1) if left is not None else 0
        pitch = room if room > 0 else min(_PITCH * width, centers[0] / (len(lines) + 0.5))
        places = [centers[0] - pitch * (number + 1) for number in range(len(lines))]
    half = min(width, _WIDTH * abs(pitch)) / 2
    top = beside[:, 1].min()
    return np.concatenate(
        [
            _stacked(x - half, x + half, top, max(1, min(step, (size.height - top) / len(line))), len(line))
            for x, line in zip(places, lines, strict=True)
        ]
    )


def _over_page(lines: list[list[Written]], size: Size) -> np.ndarray:
    """Columns over the whole page, from right to left."""
    pitch, longest = size.width / len(lines), max(map(len, lines))
    step = max(1, min(pitch, size.height / longest))
    half = min(step, _WIDTH * pitch) / 2
    columns = [
        _stacked(
            size.width - (number + 0.5) * pitch - half, size.width - (number + 0.5) * pitch + half, 0, step, len(line)
        )
        for number, line in enumerate(lines)
    ]
    return _inside(np.concatenate(columns), size)


def _stacked(left: float, right: float, top: float, step: float, count: int) -> np.ndarray:
    """The corners of `count` boxes from `top` downwards, (count, 4)."""
    tops = top + step * np.arange(count)
    return np.stack([np.full(count, left), tops, np.full(count, right), tops + step], axis=1)


def _inside(corners: np.ndarray, size: Size) -> np.ndarray:
    """Whole pixels on the page, a pixel wide and high at least."""
    low = np.clip(np.round(corners[:, :2]), 0, np.array(size) - 1)
    return np.hstack([low, np.clip(np.round(corners[:, 2:]), low + 1, size)]).astype(int)
