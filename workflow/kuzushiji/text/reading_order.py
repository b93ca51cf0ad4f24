"""Reading order from geometry alone: columns from right to left, characters from top to bottom.

A page is straightened and divided into blocks (pages of a spread, the right one first; registers, the upper one first),
each block into columns. Small characters beside a column are ruby, two lines of half width within one are a note.
"""

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.tables import concat_tables
from kuzushiji.text.columns import find_columns, straighten
from kuzushiji.text.interlinear import find_notes, find_ruby

ADDED = {"block": "int32", "column": "int32", "line": "int32", "role": "object"}

# A spread is wider than high, with a gutter of at least this many times the columns' pitch.
_SPREAD = 1.0
_GUTTER = 1.5
# The least number of columns of a register, and its least distance to the next, in characters.
_REGISTER_COLUMNS = 3
_REGISTER_GAP = 0.7
# Columns that continue below a gap are one text in two tiers, unless the gap is this large, in characters.
_TIER_GAP = 3.0
# Registers differ in character size by this ratio, or at least this share of their columns do not continue.
_SIZE_RATIO = 1.25
_OUT_OF_LINE = 0.4


def reading_order(boxes: pd.DataFrame) -> pd.DataFrame:
    """The boxes of one page (`x_min`, `y_min`, `x_max`, `y_max`, pixels) in reading order, with four more columns.

    `block`: the part of the page, from 0 in reading order. `column`: from 0 at the right of the first block, through
    all blocks; ruby has the column of its text. `line`: text without a break, from 0; a column without notes is one
    line, a note two lines, the ruby of a character one. `role`: `text`, `ruby` or `note`. Ruby follows its character.
    The result depends neither on the order of the rows nor on the page's size or position.
    """
    if boxes.empty:
        return boxes.assign(**{name: pd.Series(dtype=kind) for name, kind in ADDED.items()})
    corners = boxes[CORNERS].to_numpy(float)
    canonical = np.lexsort([*corners.T[::-1]])
    order, block, column, line, role = _read(corners[canonical])
    found = boxes.iloc[canonical[order]]
    return found.assign(block=block, column=column, line=line, role=role).astype(ADDED)


def _read(corners: np.ndarray) -> tuple[np.ndarray, ...]:
    """The order of the boxes (n, 4) and, in this order, the four added columns."""
    corners = straighten(corners)
    rows, columns, lines = [], 0, 0
    for number, members in enumerate(_blocks(corners, np.arange(len(corners)))):
        place = corners[members]
        ruby, column = find_ruby(place, find_columns(place))  # (m,) each: the base of ruby, or -1
        column = np.unique(column, return_inverse=True)[1]  # without the columns that were all ruby
        note = np.zeros(len(place), dtype=int)  # (m,): 0, or the number of the note's line in its column
        note[ruby < 0] = find_notes(place[ruby < 0], column[ruby < 0])
        for one in range(column.max() + 1):
            inside = np.flatnonzero(column == one)
            for box, part, role in _column(place, inside, ruby, note):
                rows.append((members[box], number, columns + one, (lines, part), role))
            lines += 1
        columns += column.max() + 1
    order, block, column, line, role = zip(*rows, strict=True)
    return np.array(order), np.array(block), np.array(column), pd.factorize(pd.Series(line))[0], np.array(role, object)


def _column(place: np.ndarray, inside: np.ndarray, ruby: np.ndarray, note: np.ndarray) -> list[tuple]:
    """The boxes of a column in reading order, each with the name of its line within the column and its role."""
    y = (place[:, 1] + place[:, 3]) / 2
    main = inside[ruby[inside] < 0]
    start = y.copy()
    for number in np.unique(note[main][note[main] > 0]):
        # Both lines of a note (2k - 1 and 2k) count from the top of the higher one.
        both = main[(note[main] + 1) // 2 == (number + 1) // 2]
        start[main[note[main] == number]] = y[both].min()
    main = main[np.lexsort([y[main], note[main], start[main]])]
    beside = inside[ruby[inside] >= 0]
    beside = beside[np.argsort(y[beside], kind="stable")]
    found, text = [], 0
    for previous, box in zip([None, *main], main, strict=False):
        if note[box]:
            found.append((box, f"note {note[box]}", "note"))
        else:
            text += previous is not None and bool(note[previous])
            found.append((box, f"text {text}", "text"))
        found += [(small, f"ruby {box}", "ruby") for small in beside[ruby[beside] == box]]
    return found


def _blocks(corners: np.ndarray, members: np.ndarray) -> list[np.ndarray]:
    """The boxes of each block, in reading order of the blocks."""
    for cut in (_cut_spread, _cut_registers):
        parts = cut(corners[members])
        if parts is not None:
            return [block for part in parts for block in _blocks(corners, members[part])]
    return [members]


def _gaps(low: np.ndarray, high: np.ndarray) -> list[tuple[float, float]]:
    """The gaps (start, end) between all intervals, in order."""
    order = np.argsort(low, kind="stable")
    reach = np.maximum.accumulate(high[order])
    free = np.flatnonzero(low[order][1:] > reach[:-1])
    return [(reach[i], low[order][i + 1]) for i in free]


def _cut_spread(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The right and the left page of a spread."""
    left, top, right, bottom = corners.T
    wide, high = right.max() - left.min(), bottom.max() - top.min()
    gaps = _gaps(left, right)
    if wide < _SPREAD * high or not gaps:
        return None
    column = find_columns(corners)
    centers = np.array([np.median((left + right)[column == one]) / 2 for one in range(column.max() + 1)])
    if len(centers) < 2 * _REGISTER_COLUMNS:
        return None
    middle = [gap for gap in gaps if 0.3 < (np.mean(gap) - left.min()) / wide < 0.7]
    if not middle:
        return None
    start, end = max(middle, key=lambda gap: gap[1] - gap[0])
    if end - start < _GUTTER * np.median(-np.diff(centers)):
        return None
    return np.flatnonzero(left >= end), np.flatnonzero(right <= start)


def _cut_registers(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The upper and the lower register, divided at the widest gap that can separate registers."""
    left, top, right, bottom = corners.T
    for start, end in sorted(_gaps(top, bottom), key=lambda gap: gap[0] - gap[1]):
        upper, lower = np.flatnonzero(bottom <= start), np.flatnonzero(top >= end)
        widths = [np.median((right - left)[part]) for part in (upper, lower)]
        gap = (end - start) / min(widths)
        if gap < _REGISTER_GAP:
            return None
        columns = [_centers(corners[part]) for part in (upper, lower)]
        if min(map(len, columns)) < _REGISTER_COLUMNS:
            continue
        few, many = sorted(columns, key=len)
        away = np.abs(few[:, None] - many[None, :]).min(axis=1) > 0.3 * min(widths)
        if gap > _TIER_GAP or max(widths) > _SIZE_RATIO * min(widths) or away.mean() > _OUT_OF_LINE:
            return upper, lower
    return None


def _centers(corners: np.ndarray) -> np.ndarray:
    column = find_columns(corners)
    x = (corners[:, 0] + corners[:, 2]) / 2
    return np.array([np.median(x[column == one]) for one in range(column.max() + 1)])


def order_pages(recognized: pd.DataFrame) -> pd.DataFrame:
    """A table "ordered": the kept boxes of a table "recognized", with each page in reading order."""
    kept = recognized[recognized["kept"].astype(bool)]
    pages = [reading_order(page) for _, page in kept.groupby("image_id")]
    pages = [page.assign(position=np.arange(len(page), dtype="int32")) for page in pages]
    return concat_tables(pages, "ordered")
