import numpy as np
import pytest

from kuzushiji.align.interpolate import Found, interpolate


def columns(*texts, pitch=100, side=80):
    """Columns of characters from right to left, a number for the place of each in the text or None for a hole."""
    rows = []
    for number, places in enumerate(texts):
        left = 1000 - 150 * number
        rows += [
            (place, number, (left, pitch * y, left + side, pitch * y + side))
            for y, place in enumerate(places)
            if place is not None
        ]
    place, column, corners = (np.array(part) for part in zip(*rows, strict=True))
    zeros = np.zeros(len(place), dtype=int)
    return Found(corners.astype(float), place, zeros, column, column, np.array(["text"] * len(place), object))


def centers(boxes):
    return {place: tuple(((box[:2] + box[2:]) / 2).tolist()) for place, box in boxes.items()}


def test_a_hole_in_a_column_is_filled():
    found = columns([0, None, None, 3, 4], [5, 6, 7, 8, 9])
    boxes = interpolate(found, np.array([1, 2]), 0.5)
    assert centers(boxes) == {1: (1040, 135), 2: (1040, 245)}
    assert boxes[1].tolist() == [1000, 95, 1080, 175]


def test_characters_beside_a_sign_that_has_no_box_share_the_room():
    found = columns([0, 1, None, None, 5, 6])
    boxes = interpolate(found, np.array([2, 4]), 0.5)  # 3 is punctuation
    assert centers(boxes) == {2: (1040, 235), 4: (1040, 345)}
    assert interpolate(columns([0, None, 4, 5, 6]), np.array([1, 3]), 0.9) == {}


def test_without_room_there_is_no_box():
    found = columns([0, 2, 3, 4], [5, 6, 7, 8])
    assert interpolate(found, np.array([1]), 0.5) == {}
    # Of two characters in the room of one, it is not known which it is.
    assert interpolate(columns([0, None, 5, 6, 7]), np.array([1, 2, 3, 4]), 0.5) == {}


@pytest.mark.parametrize(
    ("texts", "free", "expected"),
    [
        (([0, 1, 2], [None, 4, 5]), [3], {3: (890, 60)}),
        (([0, 1, None], [3, 4, 5]), [2], {2: (1040, 220)}),
        (([0, 1, None], [None, 4, 5]), [2, 3], {2: (1040, 220), 3: (890, 60)}),
        (([None, 1, 2], [3, 4, 5]), [0], {0: (1040, 60)}),
        (([0, 1, 2], [3, 4, None]), [5], {5: (890, 220)}),
        (([0, 1, 2], [4, 5, 6]), [3], {}),
    ],
)
def test_the_ends_of_columns_have_room_as_far_as_the_block(texts, free, expected):
    assert centers(interpolate(columns(*texts), np.array(free), 0.5)) == expected


def test_nothing_is_found_where_nothing_was():
    none = Found(np.empty((0, 4)), *[np.empty(0, dtype=int)] * 4, np.empty(0, object))
    assert interpolate(none, np.array([0, 1]), 0.5) == {}
