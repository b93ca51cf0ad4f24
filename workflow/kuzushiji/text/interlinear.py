"""Text in small characters between and within columns: ruby beside them, notes in two lines (warichū)."""

import numpy as np

from kuzushiji.text.columns import axis

# The greatest size of ruby relative to the column's characters, and its distance from their middle, in characters.
_RUBY_SIZE = 0.62
_RUBY_NEAR, _RUBY_FAR = 0.42, 1.1
_RUBY_ASIDE = 0.2  # within a column
# A run of ruby without a gap of this size, and shorter than this, belongs to one character; in a longer run, each box
# belongs to the nearest character.
_RUBY_GAP, _RUBY_RUN = 0.15, 1.1
_ADDED = 2  # greatest number of boxes that are added text between two characters of a column
# The greatest width of a note's lines, in characters, and their least number of boxes.
_NOTE_WIDTH = 0.75
_NOTE_LENGTH = 2
_NOTE_RATIO = 1.5  # greatest ratio of the character sizes of its lines
# Boxes are side by side if they share this part of the lower one's height and overlap by at most this of the width.
_SHARED_HEIGHT = 0.4
_OVERLAP = 0.2
# The distance of the middle between them from the column's, in characters.
_OFF_CENTER = 0.25
# How far boxes that continue on one side of that middle may extend over it, in characters of the note.
_STRAY = 0.1


def find_ruby(corners: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The base box of each ruby box, or -1, and the column that each box belongs to, (n,) each.

    corners: (n, 4). column: the columns found so far, (n,). Ruby is a part of a column without gaps, with characters
    that are small compared with those of a neighboring column and mostly beside them: to their right or, if there is no
    such column, to their left. It belongs to that column. One or two small characters in such a place between the
    column's characters also belong to it, as added text.
    """
    host, belongs = np.full(len(corners), -1), column.copy()
    x, y, size, em = _measures(corners, column)
    place = np.array([axis(corners[column == one], corners) for one in range(len(em))])
    # In crooked columns, ruby may be in line with its column, so boxes aside in a column count as a part of their own.
    aside = _aside(corners, column, size) & (x - place[column] > _RUBY_ASIDE * em[column])
    for own in _parts(corners, column + len(em) * aside):
        large = np.median(size[own])
        middle = np.median(x[own])
        beside = (middle - place) / em  # in characters of each column, positive to its right
        fits = (large < _RUBY_SIZE * em) & (aside[own[0]] | (np.arange(len(em)) != column[own[0]]))
        for side in (beside, -beside):
            least = np.where(np.arange(len(em)) == column[own[0]], _RUBY_ASIDE, _RUBY_NEAR)
            near = np.flatnonzero(fits & (side > least) & (side < _RUBY_FAR))
            if not len(near):
                continue
            nearest = near[np.argmin(side[near])]
            text = np.flatnonzero((column == nearest) & (size > large))
            inside = (corners[text, 1] < y[own, None]) & (y[own, None] < corners[text, 3])
            if len(text) and inside.any(axis=1).mean() > 0.5:
                for run in _runs(corners, own, _RUBY_GAP * em[nearest]):
                    whole = corners[run, 3].max() - corners[run, 1].min() < _RUBY_RUN * em[nearest]
                    at = np.full(len(run), y[run].mean()) if whole else y[run]
                    host[run] = text[np.abs(y[text] - at[:, None]).argmin(axis=1)]
                belongs[own] = nearest
                break
            if len(own) <= _ADDED and (y[text] < y[own].min()).any() and (y[text] > y[own].max()).any():
                belongs[own] = nearest
                break
    # Ruby has no ruby.
    chained = (host >= 0) & (host[host] >= 0)
    host[chained], belongs[chained] = -1, column[chained]
    # A character that became added text of another column takes its ruby along.
    ruby = host >= 0
    belongs[ruby] = belongs[host[ruby]]
    return host, belongs


def _aside(corners: np.ndarray, column: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Whether each box is small compared with another box of its column, to whose right it is, (n,)."""
    left, top, right, bottom = corners.T
    y, slack = (top + bottom) / 2, _OVERLAP * (right - left)
    beside = (top[None, :] < y[:, None]) & (y[:, None] < bottom[None, :]) & (left[:, None] + slack[:, None] > right)
    small = size[:, None] < _RUBY_SIZE * size[None, :]
    return (beside & small & (column[:, None] == column[None, :])).any(axis=1)


def find_notes(corners: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The note line of each box, (n,): odd numbers on the right, even ones on the left, 0 outside notes.

    corners: (n, 4), without ruby. column: the boxes' columns, (n,). Numbers count per column: its k-th note from above
    has the lines 2k - 1 and 2k. A note is where narrow boxes are side by side around the middle of their column.
    """
    line = np.zeros(len(corners), dtype=int)
    x, y, size, em = _measures(corners, column)
    width = corners[:, 2] - corners[:, 0]
    for one in range(len(em)):
        own = np.flatnonzero(column == one)
        narrow = own[width[own] < _NOTE_WIDTH * em[one]]
        if len(narrow) < 2 * _NOTE_LENGTH:
            continue
        middle = axis(corners[own], corners)
        right, left = _side_by_side(corners, narrow)
        central = np.abs((x[right] + x[left]) / 2 - middle) < _OFF_CENTER * em[one]
        right, left = right[central], left[central]
        pairs = np.stack(
            [np.minimum(corners[right, 1], corners[left, 1]), np.maximum(corners[right, 3], corners[left, 3])]
        )
        number = 0
        for start, end in _joined(pairs, 0.5 * em[one]):
            inside = narrow[(start < y[narrow]) & (y[narrow] < end)]
            between = np.mean(
                [
                    x[right[(start < y[right]) & (y[right] < end)]].mean(),
                    x[left[(start < y[left]) & (y[left] < end)]].mean(),
                ]
            )
            inside = _tail(corners, narrow, inside, between)
            to_right = x[inside] > between
            large = [np.median(size[inside[side]]) for side in (to_right, ~to_right) if side.sum() >= _NOTE_LENGTH]
            if len(large) == 2 and max(large) < _NOTE_RATIO * min(large):
                number += 1
                line[inside] = np.where(to_right, 2 * number - 1, 2 * number)
    return line


def _tail(corners: np.ndarray, narrow: np.ndarray, inside: np.ndarray, between: float) -> np.ndarray:
    """`inside`, extended by boxes that continue below on one side only, as when one line of a note is longer."""
    height = np.median(corners[inside, 3] - corners[inside, 1])
    slack = _STRAY * height
    one_side = (corners[narrow, 0] > between - slack) | (corners[narrow, 2] < between + slack)
    for box in narrow[one_side][np.argsort(corners[narrow[one_side], 1], kind="stable")]:
        end = corners[inside, 3].max()
        if corners[box, 3] > end and corners[box, 1] < end + 0.5 * height:
            inside = np.append(inside, box)
    return np.unique(inside)


def _measures(corners: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, ...]:
    """Centers x and y and sizes of the boxes, (n,) each, and the character size of each column, (columns,)."""
    x, y = (corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2
    width, height = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    em = np.array([np.quantile(width[column == one], 0.75) for one in range(column.max() + 1)])
    # A column of thin characters, or of ruby alone, does not show the page's character size.
    return x, y, np.sqrt(width * height), np.maximum(em, np.median(em[column]))


def _parts(corners: np.ndarray, column: np.ndarray) -> list[np.ndarray]:
    """The boxes of each part of a column; gaps between parts are larger than a character."""
    found = []
    for one in np.unique(column):
        own = np.flatnonzero(column == one)
        found += _runs(corners, own, np.median(corners[own, 3] - corners[own, 1]))
    return found


def _runs(corners: np.ndarray, own: np.ndarray, space: float) -> list[np.ndarray]:
    """The boxes `own` from top to bottom, split at gaps larger than `space`."""
    own = own[np.argsort(corners[own, 1], kind="stable")]
    reach = np.maximum.accumulate(corners[own, 3])
    return np.split(own, np.flatnonzero(corners[own[1:], 1] - reach[:-1] > space) + 1)


def _side_by_side(corners: np.ndarray, narrow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of boxes side by side: the right and the left ones, (m,) each."""
    left, top, right, bottom = corners[narrow].T
    shared = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    lower = np.minimum((bottom - top)[:, None], bottom - top)
    apart = left[:, None] - right  # (n, n): the gap from box j to box i on its right
    slack = _OVERLAP * np.minimum((right - left)[:, None], right - left)
    i, j = np.nonzero((shared > _SHARED_HEIGHT * lower) & (apart > -slack))
    return narrow[i], narrow[j]


def _joined(intervals: np.ndarray, slack: float) -> list[tuple[float, float]]:
    """The intervals (2, m), merged if less than `slack` apart."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(zip(*intervals, strict=True)):
        if found and start - found[-1][1] < slack:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
