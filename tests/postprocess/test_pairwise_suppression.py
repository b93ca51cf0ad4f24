import numpy as np
import pandas as pd
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_for_tests import GOLDEN, box_lists, random_boxes

from kuzushiji.common import boxes as geometry
from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.postprocess.pairwise_suppression import pairwise_suppression


@pytest.mark.parametrize(
    ("file", "score", "pages"),
    [("duplicates", "detector_score", ["image_id", "detector"]), ("nms", "probability", ["image_id"])],
)
def test_golden_suppressions_are_reproduced(file, score, pages):
    table = pd.read_parquet(GOLDEN / f"{file}.parquet")
    page = table.groupby(pages, sort=False).ngroup().to_numpy()
    kept = pairwise_suppression(page, table[CORNERS].to_numpy(), table[score].to_numpy(), 0.3)
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_array_equal(kept, table["kept"])


def scored_pages():
    boxes = box_lists()
    return st.lists(
        boxes.flatmap(lambda b: st.tuples(st.just(b), st.lists(st.integers(0, 4), min_size=len(b), max_size=len(b)))),
        max_size=3,
    )


@settings(deadline=None)
@given(scored_pages(), st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]), st.randoms(use_true_random=False))
def test_equals_the_loop_over_pairs_however_pages_are_mixed(pages, limit, random):
    rows = [(p, k) for p, (boxes, _) in enumerate(pages) for k in range(len(boxes))]
    # Pages may be mixed; the order within each stays.
    turn = [p for p, _ in rows]
    random.shuffle(turn)
    seen = [0] * len(pages)
    rows = []
    for p in turn:
        rows.append((p, seen[p]))
        seen[p] += 1
    expected = [reference.pairwise_suppression(boxes, scores, limit) for boxes, scores in pages]
    kept = pairwise_suppression(
        np.array([f"page{p}" for p, _ in rows], dtype=object),
        np.array([pages[p][0][k] for p, k in rows]).reshape(-1, 4),
        np.array([pages[p][1][k] for p, k in rows], dtype=float),
        limit,
    )
    assert kept.tolist() == [expected[p][k] for p, k in rows]


@pytest.mark.parametrize("at_once", [50, 2_000_000])
def test_a_crowded_page_equals_the_loop(monkeypatch, at_once):
    monkeypatch.setattr(geometry, "_PAIRS_AT_ONCE", at_once)
    boxes = random_boxes(1300, seed=0)
    corners, scores = boxes[CORNERS].to_numpy(), boxes["probability"].to_numpy()
    kept = pairwise_suppression(boxes["image_id"].to_numpy(), corners, scores, 0.3)
    assert kept.tolist() == reference.pairwise_suppression(corners.tolist(), scores.tolist(), 0.3)


@settings(deadline=None)
@given(box_lists(min_size=1), st.randoms(use_true_random=False))
def test_with_scores_falling_the_best_stay_whatever_lies_beside_them(boxes, random):
    # In order of falling scores it is the usual greedy suppression: the first box always stays.
    scores = np.arange(len(boxes), 0, -1)
    kept = pairwise_suppression(np.zeros(len(boxes)), np.array(boxes), scores, 0.3)
    assert kept[0]
    for i in np.flatnonzero(kept):
        assert all(reference.iou(boxes[i], boxes[j]) <= 0.3 for j in np.flatnonzero(kept) if j != i)


def test_a_dropped_box_goes_on_dropping():
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [-4, 0, 6, 10]])
    # Box 0 falls to box 1, yet drops box 2, which overlaps box 1 too little.
    assert pairwise_suppression(np.zeros(3), boxes, np.array([0.5, 0.9, 0.4]), 0.3).tolist() == [False, True, False]


def test_edges():
    box = np.array([[3, 3, 9, 9]])
    assert pairwise_suppression(np.array([]), np.empty((0, 4)), np.array([]), 0.3).shape == (0,)
    assert pairwise_suppression(np.array(["a"]), box, np.array([0.1]), 0.3).tolist() == [True]
    equal = pairwise_suppression(np.array(["a"] * 50), np.repeat(box, 50, axis=0), np.ones(50), 0.3)
    assert equal.tolist() == [True] + [False] * 49


@pytest.mark.parametrize(("corner", "score"), [(0.0, np.nan), (np.nan, 0.5), (np.inf, 0.5)])
def test_what_is_no_number_is_refused_with_its_page(corner, score):
    with pytest.raises(InputError, match="page b, row 1"):
        pairwise_suppression(
            np.array(["a", "b"]), np.array([[0, 0, 1, 1], [corner, 0, 1, 1]]), np.array([0.5, score]), 0.3
        )
