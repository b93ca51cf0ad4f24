"""Boxes for characters that were not found, between the neighbors that were."""

from typing import NamedTuple

import numpy as np


class Found(NamedTuple):
    """The matched boxes of a page, in the order of the text; arrays of one length n."""

    corners: np.ndarray  # (n, 4) pixels
    place: np.ndarray  # of the character in the text
    block: np.ndarray  # of the reading order, as are column, line and role
    column: np.ndarray
    line: np.ndarray
    role: np.ndarray


def interpolate(found: Found, free: np.ndarray, room: float) -> dict[int, np.ndarray]:
    """Corners (4,) for those of the characters `free` (places in the text) for which there is room.

    A run of missing characters, all those between two neighbors, lies between these if they are of one line; at the
    end of a column, below the one and above the other as far as the block of text extends. Each character needs `room`
    of the height that is usual in its column. A run for which there is not enough of it gets no boxes, since it is not
    known which would be right; nor does one beside ruby, or where a note begins or ends.
    """
    boxes: dict[int, np.ndarray] = {}
    if not len(found.place):
        return boxes
    usual = [_usual(found, number) for number in range(len(found.place))]
    following = np.searchsorted(found.place, free)  # the neighbor after each; signs without a box may stand between
    for after in np.unique(following).tolist():
        run = free[following == after]
        before = after - 1
        sides = [side for side in (before, after) if 0 <= side < len(found.place)]
        if any(found.role[side] == "ruby" for side in sides):
            continue
        if len(sides) == 2 and found.line[before] == found.line[after]:
            placed = _between(found, before, after, usual[before], len(run), room)
        elif len(sides) == 2 and found.column[before] == found.column[after]:
            continue
        else:
            placed = _at_ends(found, before, after, usual, len(run), room)
        boxes |= dict(zip(run.tolist(), placed, strict=True)) if placed else {}
    return boxes


def _usual(found: Found, number: int) -> tuple[float, float]:
    """The median width and height of the boxes of this one's line."""
    own = found.corners[found.line == found.line[number]]
    return float(np.median(own[:, 2] - own[:, 0])), float(np.median(own[:, 3] - own[:, 1]))


def _between(found: Found, before: int, after: int, usual: tuple[float, float], count: int, room: float) -> list:
    upper, lower = found.corners[before], found.corners[after]
    width, height = usual
    start, step = upper[3], (lower[1] - upper[3]) / count
    if step < room * height:
        return []
    ends = [(box[:2] + box[2:]) / 2 for box in (upper, lower)]
    y = start + step * (np.arange(count) + 0.5)
    x = np.interp(y, [ends[0][1], ends[1][1]], [ends[0][0], ends[1][0]])
    return _boxes(x, y, width, min(step, height))


def _at_ends(found: Found, before: int, after: int, usual: list, count: int, room: float) -> list:
    """The first of the characters below the box `before`, the others above `after`: as many as gives most space."""
    spaces = [0.0, 0.0]  # in characters
    for side, number in enumerate((before, after)):
        if 0 <= number < len(found.place) and found.role[number] == "text":
            block, box = found.corners[found.block == found.block[number]], found.corners[number]
            space = block[:, 3].max() - box[3] if side == 0 else box[1] - block[:, 1].min()
            spaces[side] = space / usual[number][1]
    steps = [[space / part if part else np.inf for part in range(count + 1)] for space in spaces]
    least = np.minimum(steps[0], steps[1][::-1])  # for each number of characters below
    below = int(least.argmax())
    if least[below] < room:
        return []
    placed = []
    for number, part, step, down in (
        (before, below, steps[0][below], True),
        (after, count - below, steps[1][count - below], False),
    ):
        if part:
            width, height = usual[number]
            away = min(step, 1.0) * height * (np.arange(part) + 0.5)
            box = found.corners[number]
            y = box[3] + away if down else box[1] - away[::-1]
            placed += _boxes(np.full(part, box[[0, 2]].mean()), y, width, min(step, 1.0) * height)
    return placed


def _boxes(x: np.ndarray, y: np.ndarray, width: float, height: float) -> list[np.ndarray]:
    half = np.array([width, height]) / 2
    return [np.array([*(center - half), *(center + half)]) for center in np.stack([x, y], axis=1)]
