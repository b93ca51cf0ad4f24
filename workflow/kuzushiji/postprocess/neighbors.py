"""The overlaps and nearest neighbors of the boxes of a page."""

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from kuzushiji.common.boxes import pairs_side_by_side

_ASKED_AT_ONCE = 4_000_000  # bounds the memory of a query to the tree: rows times candidates
_NEVER = np.iinfo(np.int64).max


def summed_overlap(page: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The area that each box shares with the other boxes of its page, summed (N,); touching boxes share none.

    page: (N,) integers from 0. corners: (N, 4) x_min, y_min, x_max, y_max, pixels.
    """
    total = np.zeros(len(corners))
    for a, b in pairs_side_by_side(page, corners, margin=0):
        sides = np.minimum(corners[a, 2:], corners[b, 2:]) - np.maximum(corners[a, :2], corners[b, :2])
        area = sides[:, 0] * sides[:, 1]
        total += np.bincount(a, area, len(total)) + np.bincount(b, area, len(total))
    return total


def neighbors(page: np.ndarray, center: np.ndarray, count: int, shared: bool) -> tuple[np.ndarray, np.ndarray]:
    """The `count` neighbors of each box as two (N, count) arrays of rows: their origins, then themselves.

    Nearest first, equal distances in the order of rows; -1 if the page has no more boxes. Neighbors are found from the
    box itself, unless `shared`. Then box i also gets the content of the published code's list, one per page, when i's
    turn comes: the first pair of every earlier box, (0, 1), (1, 0), (2, 0), …, which go first at equal distances.

    page: (N,) ascending integers from 0. center: (N, 2) whole pixels.
    """
    center = np.asarray(center, dtype=np.int64)
    sizes = np.bincount(page) if len(page) else np.zeros(0, dtype=np.int64)
    first = (np.cumsum(sizes) - sizes)[page]  # the row of each page's first box
    own = _nearest(page, center, first, sizes[page], count)
    rows = np.arange(len(page))
    if not shared:
        return np.where(own < 0, -1, rows[:, None]), own

    # Squared distances are integers, so that one integer ranks by distance, then by place in the list: the earlier
    # entries of the page's list (by the place of their box) come before the box's own (after all places).
    span = 2 * sizes[page]
    partner = np.where(rows == first, first + 1, first)  # the second box of the first pair that a box adds to the list
    partner = np.where(sizes[page] > 1, partner, rows)
    added = _squared(center, rows, partner) * span + rows - first
    inherited = _least_before(page, np.where(sizes[page] > 1, added, _NEVER), count)
    ranked = np.where(own < 0, _NEVER, _squared(center, rows[:, None], own) * span[:, None] + sizes[page][:, None])
    ranked = np.where(own < 0, _NEVER, ranked + own - first[:, None])
    ranks = np.sort(np.concatenate([inherited, ranked], axis=1), axis=1)[:, :count]

    place = ranks % span[:, None]
    from_list = place < sizes[page][:, None]
    source = np.where(from_list, first[:, None] + place, rows[:, None])
    target = np.where(from_list, partner[np.where(from_list, source, 0)], first[:, None] + place - sizes[page][:, None])
    missing = ranks == _NEVER
    return np.where(missing, -1, source), np.where(missing, -1, target)


def _squared(center: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return ((center[a] - center[b]) ** 2).sum(axis=-1)


def _nearest(page: np.ndarray, center: np.ndarray, first: np.ndarray, size: np.ndarray, count: int) -> np.ndarray:
    """The rows of the `count` nearest other boxes of the page, by distance, then row; -1 if there are no more."""
    found = np.full((len(page), count), -1)
    if not len(page):
        return found
    # Pages are shifted below one another, farther apart than any two boxes of a page.
    extent = center.max(axis=0) - center.min(axis=0)
    apart = center - center.min(axis=0)
    apart[:, 1] += page * (2 * int(extent.sum()) + 2)
    tree = KDTree(apart, balanced_tree=False, compact_nodes=False)
    open_rows, asked = np.arange(len(page)), count + 3
    while len(open_rows):
        asked = min(asked, len(page))
        unsettled = []
        for rows in np.array_split(open_rows, -(-len(open_rows) * asked // _ASKED_AT_ONCE)):
            candidates = tree.query(apart[rows], k=np.arange(1, asked + 1))[1]  # (rows, asked)
            elsewhere = page[candidates] != page[rows, None]
            distance = _squared(center, rows[:, None], candidates)
            reach = np.where(elsewhere, -1, distance).max(axis=1)  # everything nearer than this was found
            ranks = np.where(elsewhere | (candidates == rows[:, None]), _NEVER, distance * size[rows, None])
            ranks = np.where(ranks == _NEVER, _NEVER, ranks + candidates - first[rows, None])
            ranks = np.sort(ranks, axis=1)[:, :count]
            ranks = np.pad(ranks, [(0, 0), (0, count - ranks.shape[1])], constant_values=_NEVER)
            nearest = np.where(ranks == _NEVER, -1, first[rows, None] + ranks % size[rows, None])
            last = np.where(ranks[:, -1] == _NEVER, _NEVER, ranks[:, -1] // size[rows])
            # Some boxes at the distance of the last one, or the rest of the page, may be missing among the candidates.
            settled = (last < reach) | (asked >= size[rows])
            found[rows[settled]] = nearest[settled]
            unsettled.append(rows[~settled])
        open_rows, asked = np.concatenate(unsettled), 4 * asked
    return found


def _least_before(page: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """The `count` least of `values` in the earlier rows of each row's page, (N, count), ascending."""
    least = []
    stream = pd.Series(values)
    for _ in range(count):
        smallest = stream.groupby(page).cummin()
        before = smallest.groupby(page).shift(fill_value=_NEVER)
        least.append(before.to_numpy())
        # A value that does not become the smallest, or the former smallest, competes for the next place.
        stream = pd.Series(np.maximum(before, stream))
    return np.column_stack(least)
