import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_for_tests import box_lists

from kuzushiji.common.boxes import pairs_side_by_side
from kuzushiji.postprocess import neighbors as module
from kuzushiji.postprocess.neighbors import neighbors, summed_overlap


def pages(extent: int = 4):
    """Lists of pages of lists of centers, many of them equal or equally far."""
    point = st.tuples(st.integers(0, extent), st.integers(0, extent))
    return st.lists(st.lists(point, min_size=1, max_size=14), max_size=3)


def by_hand(points: list, shared: bool, count: int) -> list:
    rows, held = [], []
    for i in range(len(points)):
        own = [(i, j) for j in range(len(points)) if j != i]
        listed = held + own if shared else own
        near = sorted(listed, key=lambda pair: (np.subtract(points[pair[0]], points[pair[1]]) ** 2).sum())[:count]
        rows.append(near + [(-1, -1)] * (count - len(near)))
        held += own[:1]
    return rows


@settings(deadline=None)
@given(pages(), st.booleans(), st.integers(1, 6), st.sampled_from([1, 4_000_000]))
def test_neighbors_equal_a_sorted_list_with_all_its_ties(pages, shared, count, at_once):
    page = np.repeat(np.arange(len(pages)), [len(points) for points in pages])
    center = np.array([point for points in pages for point in points]).reshape(-1, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ASKED_AT_ONCE", at_once)
        source, target = neighbors(page, center, count, shared)
    first = 0
    for points in pages:
        rows = slice(first, first + len(points))
        expected = np.array(by_hand(points, shared, count))
        np.testing.assert_array_equal(source[rows], np.where(expected[..., 0] < 0, -1, expected[..., 0] + first))
        np.testing.assert_array_equal(target[rows], np.where(expected[..., 1] < 0, -1, expected[..., 1] + first))
        first += len(points)


@pytest.mark.parametrize("shared", [False, True])
def test_1300_equal_boxes_a_page_take_the_first_ones(shared):
    page = np.repeat([0, 1], 1300)
    _, target = neighbors(page, np.zeros((2600, 2)), 5, shared)
    if not shared:
        assert target[0].tolist() == [1, 2, 3, 4, 5]
        assert target[1299].tolist() == [0, 1, 2, 3, 4]
        assert target[2599].tolist() == [1300, 1301, 1302, 1303, 1304]
    assert (target[1300:] - 1300 == target[:1300]).all()


@settings(deadline=None)
@given(st.lists(box_lists(min_size=1), max_size=3), st.sampled_from([0, 1, 3]))
def test_pairs_and_overlaps_are_those_of_every_pair(pages, margin):
    page = np.repeat(np.arange(len(pages)), [len(boxes) for boxes in pages])
    boxes = np.array([box for boxes in pages for box in boxes], dtype=float).reshape(-1, 4)
    expected, overlap = set(), np.zeros(len(boxes))
    for i in range(len(boxes)):
        for j in range(len(boxes)):
            if i == j or page[i] != page[j]:
                continue
            sides = np.minimum(boxes[i, 2:], boxes[j, 2:]) - np.maximum(boxes[i, :2], boxes[j, :2])
            overlap[i] += np.prod(np.maximum(sides, 0))
            if i < j and (sides > -margin).all():
                expected.add((i, j))
    found = [
        (a, b)
        for some in pairs_side_by_side(page, boxes, margin)
        for a, b in zip(*map(np.ndarray.tolist, some), strict=True)
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected
    np.testing.assert_array_equal(summed_overlap(page, boxes), overlap)
