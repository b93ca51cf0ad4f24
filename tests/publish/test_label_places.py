from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.publish.label_places import _overlap, label_places

LAYOUT = Path(__file__).parents[3] / "shared/data/layout/dkds_pages_12_books.csv"
WIDTH, HEIGHT = 600, 800

box = st.tuples(st.integers(0, 560), st.integers(0, 760), st.integers(1, 200), st.integers(1, 200))


def corners(boxes):
    return np.array([(x, y, min(x + w, WIDTH), min(y + h, HEIGHT)) for x, y, w, h in boxes]).reshape(-1, 4)


def test_with_room_labels_stand_to_the_right_of_the_middle():
    boxes = np.array([(100, 100, 150, 150), (300, 100, 350, 150)])
    labels = label_places(boxes, WIDTH, HEIGHT)
    assert (labels[:, 0] >= boxes[:, 2]).all()
    assert (labels[:, 0] - boxes[:, 2] < 5).all()
    assert labels[:, [1, 3]].mean(axis=1) == pytest.approx([125, 125])
    assert labels[:, 2] - labels[:, 0] == pytest.approx([32.5, 32.5])


def test_a_label_moves_away_from_the_edge_and_from_other_boxes():
    at_edge = np.array([(550, 100, 600, 150)])
    assert label_places(at_edge, WIDTH, HEIGHT)[0, 2] <= 550
    beside = np.array([(100, 100, 150, 150), (152, 100, 202, 150)])
    labels = label_places(beside, WIDTH, HEIGHT)
    assert _overlap(labels, beside.astype(float)) == pytest.approx([0, 0])


def test_small_marks_get_a_legible_label():
    boxes = np.array([(x, 100, x + 60, 160) for x in (50, 200, 350)] + [(50, 300, 56, 306)])
    labels = label_places(boxes, WIDTH, HEIGHT)
    assert labels[3, 2] - labels[3, 0] >= 0.5 * 60 - 1e-9


def test_a_page_without_boxes_has_no_labels():
    assert label_places(np.empty((0, 4), int), WIDTH, HEIGHT).shape == (0, 4)


@given(st.lists(box, min_size=1, max_size=12))
def test_labels_are_squares_of_their_own_and_touch_the_page(boxes):
    boxes = corners(boxes)
    labels = label_places(boxes, WIDTH, HEIGHT)
    assert np.isfinite(labels).all()
    sides = labels[:, 2:] - labels[:, :2]
    assert sides[:, 0] == pytest.approx(sides[:, 1])
    assert (sides >= 0.7 * 14 - 1e-9).all()
    assert (labels[:, :2] < [WIDTH, HEIGHT]).all()
    assert (labels[:, 2:] > 0).all()


@given(st.lists(box, min_size=2, max_size=8), st.randoms())
def test_the_order_of_the_boxes_does_not_matter(boxes, random):
    boxes = np.unique(corners(boxes), axis=0)
    shuffled = random.sample(range(len(boxes)), len(boxes))
    distinct = len(np.unique(boxes[:, [1, 2]], axis=0)) == len(boxes)  # equal ones are worked on in the given order
    if distinct:
        assert label_places(boxes[shuffled], WIDTH, HEIGHT) == pytest.approx(
            label_places(boxes, WIDTH, HEIGHT)[shuffled]
        )


def test_on_real_layouts_labels_hide_almost_nothing():
    if not LAYOUT.exists():
        pytest.skip("needs the layouts of ../shared/data/layout")
    layout = pd.read_csv(LAYOUT)
    layout = layout[layout["label_name"] == "Kuzushiji"]
    hidden = []
    for _, page in layout.groupby("image_name"):
        boxes = page[["bbox_x", "bbox_y", "bbox_width", "bbox_height"]].to_numpy(float)
        boxes[:, 2:] += boxes[:, :2]
        labels = label_places(boxes, page["image_width"].iloc[0], page["image_height"].iloc[0])
        area = np.prod(labels[:, 2:] - labels[:, :2], axis=1)
        each_other = _overlap(labels, labels) - area
        hidden.append([(_overlap(labels, boxes) / area).mean(), (each_other / area).mean()])
    on_boxes, on_labels = np.array(hidden).T
    assert on_labels.max() < 0.01
    assert np.median(on_boxes) < 0.02
    assert on_boxes.max() < 0.15
