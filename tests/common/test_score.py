import numpy as np
import pandas as pd
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_for_tests import GOLDEN, box_lists, empty, golden_truth, random_boxes

from kuzushiji.common.boxes import CORNERS, centers
from kuzushiji.common.score import match, match_boxes, scores


def table(rows):
    """Rows of (image_id, codepoint, x_min, y_min, x_max, y_max)."""
    found = pd.DataFrame(rows, columns=["image_id", "codepoint", *CORNERS])
    return found.assign(box=found.groupby("image_id").cumcount())


def test_golden_scores_are_reproduced():
    predictions = pd.read_parquet(GOLDEN / "features_input.parquet")
    expected = pd.read_parquet(GOLDEN / "score.parquet")
    truth = golden_truth()
    np.testing.assert_array_equal(centers(predictions), expected[["x", "y"]])
    hit = match(predictions, truth)
    np.testing.assert_array_equal(hit, ~expected["unmatched"])
    for page, rows in expected.groupby("image_id"):
        found = scores(predictions[predictions["image_id"] == page], truth[truth["image_id"] == page])
        true_positives, false_positives, false_negatives = rows[["page_tp", "page_fp", "page_fn"]].iloc[0]
        assert found["true_positives"] == true_positives
        assert found["false_positives"] == false_positives
        assert found["false_negatives"] == false_negatives


def labelled_pages():
    names = st.sampled_from(["U+3042", "U+3044"])
    boxes = st.lists(st.tuples(names, box_lists(most=1, min_size=1).map(lambda b: b[0])), max_size=8)
    return st.lists(st.tuples(boxes, boxes), max_size=3)


@settings(deadline=None)
@given(labelled_pages())
def test_equals_the_metric_box_by_box(pages):
    predictions = table([(f"p{n}", c, *box) for n, (found, _) in enumerate(pages) for c, box in found])
    truth = table([(f"p{n}", c, *box) for n, (_, true) in enumerate(pages) for c, box in true])
    for matched, blind in ((match(predictions, truth), False), (match_boxes(predictions, truth), True)):
        expected = []
        for found, true in pages:
            points = [("" if blind else c, round((b[0] + b[2]) / 2), round((b[1] + b[3]) / 2)) for c, b in found]
            expected += reference.match(points, [("" if blind else c, *b) for c, b in true])
        assert matched.tolist() == expected


def test_a_crowded_page_equals_the_metric_box_by_box():
    predictions, truth = random_boxes(1300, 0), random_boxes(600, 1)
    points = [(c, *xy) for c, xy in zip(predictions["codepoint"], centers(predictions).tolist(), strict=True)]
    expected = reference.match(points, truth[["codepoint", *CORNERS]].to_numpy().tolist())
    assert 0 < sum(expected) < 600
    assert match(predictions, truth).tolist() == expected


@pytest.mark.parametrize(("x", "inside"), [(10, False), (11, True), (19, True), (20, False)])
def test_a_point_on_the_edge_is_outside(x, inside):
    truth = table([("p", "U+3042", 10, 10, 20, 20)])
    assert match(table([("p", "U+3042", x, 15, x, 15)]), truth).tolist() == [inside]
    assert match(table([("p", "U+3042", 15, x, 15, x)]), truth).tolist() == [inside]


def test_a_prediction_serves_one_true_box_and_centers_round_half_to_even():
    truth = table([("p", "U+3042", 10, 10, 20, 20), ("p", "U+3042", 10, 10, 20, 20)])
    assert scores(table([("p", "U+3042", 12, 12, 18, 18)]), truth)["false_negatives"] == 1
    assert centers(table([("p", "", 0, 1, 1, 2)])).tolist() == [[0, 2]]


def test_empty_predictions_and_pages_without_characters_count_as_the_metric_defines():
    truth = table([("p", "U+3042", 10, 10, 20, 20)])
    hit, elsewhere = ("p", "U+3042", 12, 12, 18, 18), ("q", "U+3042", 12, 12, 18, 18)
    assert scores(empty("predictions"), truth)["false_negatives"] == 1
    assert scores(empty("predictions"), truth)["f1"] == 0
    assert scores(table([hit]), empty("truth"))["false_positives"] == 1
    assert scores(empty("predictions"), empty("truth"))["f1"] == 0
    assert match(table([elsewhere, hit]), truth).tolist() == [False, True]
    assert scores(table([elsewhere, hit]), truth)["precision"] == 0.5
    assert match(empty("predictions"), truth).shape == (0,)
