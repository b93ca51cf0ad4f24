"""Placement of the recognized characters on a page: beside their boxes, without covering each other."""

import numpy as np

# Places around a box, the best first: the label's side or corner touches the box at this share of the box's width and
# height, and the label is on this side of it (-1, 0, 1). Readers of vertical text look to the right.
_PLACES = np.array(
    [  # share of width, share of height, side in x, side in y, penalty
        (1.0, 0.50, 1, 0, 0.00),
        (1.0, 0.30, 1, 0, 0.06),
        (1.0, 0.70, 1, 0, 0.06),
        (1.0, 0.00, 1, 1, 0.10),
        (1.0, 1.00, 1, -1, 0.10),
        (1.0, 0.00, 1, 0, 0.14),
        (1.0, 1.00, 1, 0, 0.14),
        (0.0, 0.50, -1, 0, 0.30),
        (0.0, 0.30, -1, 0, 0.34),
        (0.0, 0.70, -1, 0, 0.34),
        (1.0, 0.00, 0, 0, 0.35),
        (1.0, 0.50, 0, 0, 0.35),
        (1.0, 1.00, 0, 0, 0.35),
    ]
)
_SCALES = np.array([(1.0, 0.0), (0.85, 0.08), (0.7, 0.2)])  # of the label's size, penalty
_EM = 0.65  # of a box's side
_EM_RANGE = (0.5, 0.8)  # of the page's typical side: small marks stay legible, large titles do not cover the page
_SMALLEST = 14  # pixels
_GAP = 0.06  # between box and label, in em
_ON_LABEL, _OFF_PAGE = 2.5, 10.0  # the cost of covered area; covering a box costs 1
_SWEEPS = 3  # each label is placed once, then moved to free space


def label_places(boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    """The squares for the characters of `boxes`, (n, 4): left, top, right, bottom in pixels.

    `boxes` is (n, 4) with the same meaning; `width` and `height` are the page's. Labels are to the right of their boxes
    and sized like them, or elsewhere or smaller if they would cover other boxes or labels: a greedy placement, one
    after the other, in a few sweeps over all of them.
    """
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    labels = np.zeros((len(boxes), 4))
    if not len(boxes):
        return labels
    side = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
    em = np.clip(_EM * side, *(share * np.median(side) for share in _EM_RANGE))
    candidates, penalties = _candidates(boxes, np.maximum(em, _SMALLEST))
    area = np.prod(candidates[..., 2:] - candidates[..., :2], axis=2)  # (n, places)
    reach = np.concatenate([candidates[..., :2].min(axis=1), candidates[..., 2:].max(axis=1)], axis=1)
    near = [np.flatnonzero(_overlap(reach, other[None])) for other in reach]
    fixed = np.stack([_cost(*of) for of in zip(candidates, area, _near_boxes(reach, boxes), strict=True)])
    on_page = np.clip(candidates, 0, [width, height, width, height])
    fixed += _OFF_PAGE * (1 - np.prod(on_page[..., 2:] - on_page[..., :2], axis=2) / area) + penalties
    for _ in range(_SWEEPS):
        for box in np.lexsort((boxes[:, 1], -boxes[:, 2])):  # about in reading order
            labels[box] = 0  # so that a label is not its own obstacle
            cost = fixed[box] + _ON_LABEL * _cost(candidates[box], area[box], labels[near[box]])
            labels[box] = candidates[box, np.argmin(cost)]
    return labels


def _near_boxes(reach: np.ndarray, boxes: np.ndarray) -> list[np.ndarray]:
    return [boxes[np.flatnonzero(_overlap(boxes, around[None]))] for around in reach]


def _cost(places: np.ndarray, area: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of each of `places` (m, 4) that the `others` (n, 4) cover, (m,)."""
    return _overlap(places, others) / area


def _candidates(boxes: np.ndarray, em: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All places of every label, (n, places, 4), and the cost of each place itself, (places,)."""
    scale, place = (part.ravel() for part in np.mgrid[: len(_SCALES), : len(_PLACES)])
    at, toward = _PLACES[place, :2], _PLACES[place, 2:4]
    size = em[:, None, None] * _SCALES[scale, :1]  # (n, places, 1)
    anchor = boxes[:, None, :2] + at * (boxes[:, None, 2:] - boxes[:, None, :2])
    center = anchor + toward * (0.5 + _GAP) * size
    return np.concatenate([center - size / 2, center + size / 2], axis=2), _SCALES[scale, 1] + _PLACES[place, 4]


def _overlap(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The area that all `others` (n, 4) share with each of `places` (m, 4), (m,)."""
    low = np.maximum(places[:, None, :2], others[None, :, :2])
    high = np.minimum(places[:, None, 2:], others[None, :, 2:])
    return np.prod(np.clip(high - low, 0, None), axis=2).sum(axis=1)
