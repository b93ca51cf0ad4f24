"""The columns of a page's boxes, and the tilt of the page."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Two boxes are in one column if the distance of their centers is less than this share of their mean width; narrow
# characters count as this share of the page's median width.
_SIDEWAYS = 0.5
_NARROW = 0.6
# A chain ends where the next box below is farther away than this many median heights.
_REACH = 2.5
# The position of a column is that of its wide boxes: those with this share of the page's upper quartile of widths.
_WIDE = 0.7
# A chain whose characters are smaller than a column's by this ratio, or larger, joins it if they share this part of the
# smaller one's width: half a note does, but not ruby.
_SMALL = 0.7
_SHARED = 0.4
# So does a chain of at most this many boxes, of any size.
_ALONE = 2
_SHARED_ALONE = 0.2
_LEAST_LINKS = 5  # needed to measure the tilt


def straighten(corners: np.ndarray) -> np.ndarray:
    """The boxes (n, 4) with centers rotated so that columns are upright.

    The tilt is the median over neighbors in a column; the sizes of the boxes stay the same.
    """
    center = (corners[:, :2] + corners[:, 2:]) / 2
    upper, lower = _links(corners)
    if len(upper) < _LEAST_LINKS:
        return corners
    step = center[lower] - center[upper]
    lean = np.median(step[:, 0] / step[:, 1])
    middle = center.mean(axis=0)
    turned = (center - middle) @ np.array([[1, lean], [-lean, 1]]) / np.hypot(1, lean)
    move = turned + middle - center
    return corners + np.concatenate([move, move], axis=1)


def find_columns(corners: np.ndarray) -> np.ndarray:
    """The number of each box's column, from 0 at the right, (n,).

    Boxes are linked with their nearest neighbor below if each is the other's nearest. The resulting chains, the longest
    first, join the column in line with them, or begin a new one.
    """
    n = len(corners)
    upper, lower = _links(corners)
    links = coo_array((np.ones(len(upper)), (upper, lower)), shape=(n, n))
    count, chain = connected_components(links, directed=False)
    length = np.bincount(chain, corners[:, 3] - corners[:, 1], minlength=count)
    first = np.full(count, n)
    np.minimum.at(first, chain, np.arange(n))
    column = np.full(n, -1)
    places, sides = np.empty(0), np.empty(0)  # of the columns so far
    for one in np.lexsort([first, -length]):
        own = np.flatnonzero(chain == one)
        place, side = axis(corners[own], corners), breadth(corners[own], corners)
        apart = np.abs(places - place)
        narrow, wide = np.minimum(sides, side), np.maximum(sides, side)
        shared = ((sides + side) / 2 - apart) / narrow
        small = narrow < _SMALL * wide
        joins = apart < _SIDEWAYS * (sides + side) / 2
        joins |= shared > np.where(small, _SHARED, _SHARED_ALONE if len(own) <= _ALONE else np.inf)
        number = int(np.where(joins, apart, np.inf).argmin()) if joins.any() else len(places)
        column[own] = number
        members = corners[column == number]
        places = np.append(places[:number], [axis(members, corners), *places[number + 1 :]])
        sides = np.append(sides[:number], [breadth(members, corners), *sides[number + 1 :]])
    rank = np.empty(len(places), dtype=int)
    rank[np.argsort(-places, kind="stable")] = np.arange(len(places))
    return rank[column]


def axis(members: np.ndarray, page: np.ndarray) -> float:
    """The position of a column of the boxes `members`: the median center of its wide boxes, else of all."""
    wide = _wide(members, page)
    return float(np.median((members[wide, 0] + members[wide, 2]) / 2))


def breadth(members: np.ndarray, page: np.ndarray) -> float:
    """The width of a column of the boxes `members`: the upper quartile of its wide boxes, else of all."""
    return float(np.quantile(_widths(members[_wide(members, page)], page), 0.75))


def _wide(members: np.ndarray, page: np.ndarray) -> np.ndarray:
    width = members[:, 2] - members[:, 0]
    wide = width >= _WIDE * np.quantile(page[:, 2] - page[:, 0], 0.75)
    return wide if wide.any() else np.ones(len(members), dtype=bool)


def _widths(boxes: np.ndarray, page: np.ndarray) -> np.ndarray:
    return np.maximum(boxes[:, 2] - boxes[:, 0], _NARROW * np.median(page[:, 2] - page[:, 0]))


def _links(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of vertical neighbors in a column: the upper and the lower boxes, (m,) each."""
    x, y = (corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2
    width, height = _widths(corners, corners), corners[:, 3] - corners[:, 1]
    drop = y[None, :] - y[:, None]  # (n, n): the distance of box j below box i
    space = corners[None, :, 1] - corners[:, None, 3]
    aligned = np.abs(x[None, :] - x[:, None]) < _SIDEWAYS * (width[None, :] + width[:, None]) / 2
    near = aligned & (drop > 0) & (space < _REACH * np.median(height))
    drop = np.where(near, drop, np.inf)
    below, above = drop.argmin(axis=1), drop.argmin(axis=0)
    upper = np.flatnonzero(np.isfinite(drop.min(axis=1)))
    upper = upper[above[below[upper]] == upper]
    return upper, below[upper]
