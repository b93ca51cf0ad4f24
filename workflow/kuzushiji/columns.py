"""The columns of a page's boxes, and how far the page leans."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Two boxes stand in one column if their centers are less than this share of their mean width apart; narrow characters
# count as this share of the page's median width.
_SIDEWAYS = 0.5
_NARROW = 0.6
# A chain ends where the next box below is farther than this many median heights.
_REACH = 2.5
# A column's place is that of its boxes which have this share of the page's upper quartile of widths, if it has two.
_WIDE = 0.7
# One or two boxes alone, or characters of less than this size, join a column that they overlap by this part of
# their width.
_ALONE = 2
_SMALL = 0.7
_SHARED = 0.3
_LEAST_LINKS = 5  # that tell how far a page leans


def straighten(corners: np.ndarray) -> np.ndarray:
    """The boxes (n, 4) with their centers turned so that columns are upright.

    How far they lean is the median over neighbors in a column; their sizes stay.
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

    Boxes are chained with their nearest neighbor below where each is the other's nearest. The chains, the longest
    first, join the column that they are in line with, or begin one.
    """
    n = len(corners)
    x, width = (corners[:, 0] + corners[:, 2]) / 2, _widths(corners)
    upper, lower = _links(corners)
    links = coo_array((np.ones(len(upper)), (upper, lower)), shape=(n, n))
    count, chain = connected_components(links, directed=False)
    length = np.bincount(chain, corners[:, 3] - corners[:, 1], minlength=count)
    first = np.full(count, n)
    np.minimum.at(first, chain, np.arange(n))
    column = np.full(n, -1)
    places: list[float] = []
    breadths: list[float] = []
    for one in np.lexsort([first, -length]):
        own = np.flatnonzero(chain == one)
        place, breadth = axis(x[own], corners[own], corners), np.quantile(width[own], 0.75)
        number = len(places)
        if places:
            own_side, sides = np.median(corners[own, 2] - corners[own, 0]), np.array(breadths)
            apart = np.abs(np.array(places) - place)
            shared = ((own_side + sides) / 2 - apart) / own_side
            small = (own_side < _SMALL * sides) | (len(own) <= _ALONE)
            joins = (apart < _SIDEWAYS * (breadth + sides) / 2) | (small & (shared > _SHARED))
            if joins.any():
                number = int(np.where(joins, apart, np.inf).argmin())
        column[own] = number
        members = np.flatnonzero(column == number)
        place, breadth = axis(x[members], corners[members], corners), np.quantile(width[members], 0.75)
        places[number : number + 1], breadths[number : number + 1] = [place], [breadth]
    rank = np.empty(len(places), dtype=int)
    rank[np.argsort(-np.array(places), kind="stable")] = np.arange(len(places))
    return rank[column]


def axis(x: np.ndarray, members: np.ndarray, page: np.ndarray) -> float:
    """Where a column of the boxes `members` stands: the median of the centers `x` of the wide ones, if it has two."""
    width = members[:, 2] - members[:, 0]
    wide = width >= _WIDE * np.quantile(page[:, 2] - page[:, 0], 0.75)
    return float(np.median(x[wide] if wide.sum() > 1 else x))


def _widths(corners: np.ndarray) -> np.ndarray:
    width = corners[:, 2] - corners[:, 0]
    return np.maximum(width, _NARROW * np.median(width))


def _links(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of boxes, (m,) each: the upper and the lower of neighbors in a column."""
    x, y = (corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2
    width, height = _widths(corners), corners[:, 3] - corners[:, 1]
    drop = y[None, :] - y[:, None]  # (n, n): how far box j lies below box i
    space = corners[None, :, 1] - corners[:, None, 3]
    aligned = np.abs(x[None, :] - x[:, None]) < _SIDEWAYS * (width[None, :] + width[:, None]) / 2
    near = aligned & (drop > 0) & (space < _REACH * np.median(height))
    drop = np.where(near, drop, np.inf)
    below, above = drop.argmin(axis=1), drop.argmin(axis=0)
    upper = np.flatnonzero(np.isfinite(drop.min(axis=1)))
    upper = upper[above[below[upper]] == upper]
    return upper, below[upper]
