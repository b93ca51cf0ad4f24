import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_for_tests import CODEPOINTS, GOLDEN, empty, random_boxes

from kuzushiji.errors import InputError
from kuzushiji.fuse import fuse
from kuzushiji.tables import SCHEMAS, write_table


def with_votes(boxes: pd.DataFrame, votes: list[list[tuple[str, float]]]) -> dict[str, pd.DataFrame]:
    """Predictions of classifiers 0, 1, …: votes[box][classifier]."""
    return {
        f"0{c}": boxes.assign(codepoint=[row[c][0] for row in votes], probability=[row[c][1] for row in votes])
        for c in range(len(votes[0]))
    }


def test_golden_votes_are_reproduced():
    votes = pd.read_parquet(GOLDEN / "votes.parquet")
    expected = pd.read_parquet(GOLDEN / "fused.parquet")
    boxes = {column: 1 for column in ("x_min", "y_min", "x_max", "y_max", "detector_score")}
    tables = {name: table.assign(**boxes) for name, table in votes.groupby("classifier")}
    assert len(tables) == 5
    fused = fuse(tables, "hard_prob")
    pd.testing.assert_frame_equal(fused[list(expected)], expected, check_dtype=False, rtol=0, atol=0)


@settings(deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.sampled_from(CODEPOINTS), st.integers(0, 3)), min_size=5, max_size=5), min_size=1)
)
def test_equals_a_vote_box_by_box(votes):
    fused = fuse(with_votes(random_boxes(len(votes), seed=0), votes), "hard_prob")
    for row, codepoint, probability in zip(votes, fused["codepoint"], fused["probability"], strict=True):
        names = [name for name, _ in row]
        if len(set(names)) == len(names):
            winner = max(reversed(row), key=lambda vote: vote[1])[0]
        else:
            winner = min(set(names), key=lambda name: (-names.count(name), name))
        assert codepoint == winner
        assert probability == max(p for name, p in row if name == winner)


def test_where_all_differ_the_later_of_the_most_probable_wins():
    votes = [[("U+3042", 0.5), ("U+3044", 0.9), ("U+4E00", 0.9)]]
    fused = fuse(with_votes(random_boxes(1, seed=0), votes), "hard_prob")
    assert fused["codepoint"].tolist() == ["U+4E00"]


def test_the_order_of_rows_does_not_matter_and_boxes_stay_as_they_are(tmp_path):
    boxes = pd.concat([random_boxes(20, 1, "b"), random_boxes(20, 2, "a")], ignore_index=True)
    rng = np.random.default_rng(0)
    tables = {
        name: boxes.assign(codepoint=rng.choice(CODEPOINTS, 40), probability=rng.random(40)) for name in ("x", "y", "z")
    }
    fused = fuse(tables, "hard_prob")
    shuffled = fuse({name: table.sample(frac=1, random_state=5) for name, table in tables.items()}, "hard_prob")
    pd.testing.assert_frame_equal(fused, shuffled)
    merged = fused.merge(boxes, on=["image_id", "box", "x_min", "y_min", "x_max", "y_max", "detector_score"])
    assert len(merged) == 40
    write_table(fused, tmp_path / "fused.parquet", "predictions")


def test_no_boxes_at_all():
    fused = fuse({"01": empty("predictions"), "02": empty("predictions")}, "hard_prob")
    assert len(fused) == 0
    assert list(fused) == SCHEMAS["predictions"].names


def test_different_boxes_are_refused_with_classifiers_and_pages():
    boxes = pd.concat([random_boxes(3, 1, "p1"), random_boxes(3, 2, "p2")], ignore_index=True)
    moved = boxes.assign(x_min=boxes["x_min"] + (boxes["image_id"] == "p2"))
    for other in (boxes.iloc[:-1], moved):
        with pytest.raises(InputError, match=r"first and second .* pages p2;"):
            fuse({"first": boxes, "second": other}, "hard_prob")
    with pytest.raises(InputError, match="classifier second, page p1, box 0"):
        fuse({"first": boxes, "second": boxes.assign(probability=np.nan)}, "hard_prob")


def test_unknown_method_and_no_classifiers_are_refused():
    with pytest.raises(InputError, match="hard_prob"):
        fuse({"01": empty("predictions")}, "mean")
    with pytest.raises(InputError, match="classifiers"):
        fuse({}, "hard_prob")
