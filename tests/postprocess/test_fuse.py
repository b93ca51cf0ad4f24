import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_for_tests import CODEPOINTS, GOLDEN, empty, random_boxes

from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import SCHEMAS, write_table
from kuzushiji.postprocess.fuse import fuse


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


def top(tables: dict[str, pd.DataFrame], votes: list[list[dict[str, float]]]) -> dict[str, pd.DataFrame]:
    """The tables with the codepoints and probabilities of `votes` (box → classifier → codepoint → probability)."""
    return {
        name: table.assign(
            codepoints=[list(row[c]) for row in votes], probabilities=[list(row[c].values()) for row in votes]
        )
        for c, (name, table) in enumerate(tables.items())
    }


def softmax(logits):
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (3, 1, 4, 0, 2)])
def test_with_all_codepoints_named_the_soft_vote_is_the_softmax_of_mean_logits(order):
    names = np.array(sorted(CODEPOINTS))
    logits = np.random.default_rng(0).normal(0, 3, (50, 5, len(names)))  # boxes, classifiers, codepoints
    votes = [[dict(zip(names, vector, strict=True)) for vector in row] for row in softmax(logits)]
    tables = top(with_votes(random_boxes(50, seed=0), [[("U+3042", 0.5)] * 5] * 50), votes)
    fused = fuse({list(tables)[k]: list(tables.values())[k] for k in order}, "soft_vote")
    expected = softmax(logits.mean(axis=1))
    assert fused["codepoint"].tolist() == names[expected.argmax(axis=1)].tolist()
    np.testing.assert_allclose(fused["probability"], expected.max(axis=1), rtol=1e-6)


def test_a_few_codepoints_of_many_give_nearly_the_same_soft_vote():
    names = np.array([f"U+{number:04X}" for number in range(0x4E00, 0x4E00 + 300)])
    rng = np.random.default_rng(1)
    # Cosines over a temperature of 0.05, as the classifiers give: one codepoint stands out in all, some in a few.
    logits = rng.normal(0, 2, (40, 5, 300)) + 20 * (np.arange(300) == rng.integers(0, 300, (40, 1, 1)))
    logits += 15 * (np.arange(300) == rng.integers(0, 300, (40, 5, 1)))
    best = np.argsort(-logits, axis=2)[:, :, :10]
    shares = np.take_along_axis(softmax(logits).astype(np.float32), best, axis=2)
    votes = [
        [dict(zip(names[k], v, strict=True)) for k, v in zip(*rows, strict=True)]
        for rows in zip(best, shares, strict=True)
    ]
    fused = fuse(top(with_votes(random_boxes(40, 0), [[("U+3042", 0.5)] * 5] * 40), votes), "soft_vote")
    expected = softmax(logits.mean(axis=1))
    assert fused["codepoint"].tolist() == names[expected.argmax(axis=1)].tolist()
    np.testing.assert_allclose(fused["probability"], expected.max(axis=1), atol=1e-4)


def test_one_certain_classifier_does_not_outvote_doubting_ones():
    votes = [[{"U+3042": 1.0}, {"U+3044": 0.6, "U+3042": 0.1}, {"U+3044": 0.6, "U+3042": 0.1}]]
    fused = fuse(top(with_votes(random_boxes(1, 0), [[("U+3042", 0.5)] * 3]), votes), "soft_vote")
    assert fused["codepoint"].tolist() == ["U+3042"]  # for U+3044 the first leaves less than 32-bit numbers tell
    votes = [[{"U+3042": 0.9}, {"U+3044": 0.6, "U+3042": 0.1}, {"U+3044": 0.6, "U+3042": 0.1}]]
    fused = fuse(top(with_votes(random_boxes(1, 0), [[("U+3042", 0.5)] * 3]), votes), "soft_vote")
    assert fused["codepoint"].tolist() == ["U+3044"]
    shares = np.array([0.1 * 0.6 * 0.6, 0.9 * 0.1 * 0.1]) ** (1 / 3)
    assert fused["probability"].item() == pytest.approx(shares[0] / shares.sum())


def test_bad_lists_are_refused():
    tables = with_votes(random_boxes(2, seed=0), [[("U+3042", 0.5)] * 2] * 2)
    with pytest.raises(InputError, match=r"classifier 00: .*classify.top_k"):
        fuse(tables, "soft_vote")
    for second in ({}, {"U+3042": np.nan}):
        with pytest.raises(InputError, match="classifier 01, page page, box 1: codepoints and probabilities"):
            fuse(top(tables, [[{"U+3042": 1.0}] * 2, [{"U+3042": 1.0}, second]]), "soft_vote")
    nothing = empty("top_k")
    assert len(fuse({"01": nothing, "02": nothing}, "soft_vote")) == 0


def test_what_is_no_codepoint_is_refused_by_name():
    boxes = random_boxes(3, seed=0)
    strange = boxes.assign(codepoint=["U+3042", "U+3042", "あ"])
    with pytest.raises(InputError, match="classifier second, page page, box 2: 'あ' is no codepoint"):
        fuse({"first": boxes, "second": strange}, "hard_prob")


def test_a_classifier_without_a_page_is_refused_with_the_page():
    boxes = pd.concat([random_boxes(3, 1, "p1"), random_boxes(3, 2, "p2")], ignore_index=True)
    with pytest.raises(InputError, match=r"first and second .* pages p1;"):
        fuse({"first": boxes, "second": boxes[boxes["image_id"] == "p2"]}, "hard_prob")


def test_1300_boxes_a_page_all_equal():
    boxes = pd.concat([random_boxes(1, 0)] * 1300, ignore_index=True).assign(box=range(1300))
    fused = fuse({name: boxes for name in "abcde"}, "hard_prob")
    assert (fused["codepoint"] == boxes["codepoint"]).all()
    assert (fused["probability"] == fused["probability"][0]).all()
