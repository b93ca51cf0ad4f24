import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_for_tests import CODEPOINTS, GOLDEN, empty, random_boxes

from kuzushiji.errors import InputError
from kuzushiji.fuse import fuse, soft_vote
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


def top(tables: dict[str, pd.DataFrame], votes: list[list[dict[str, float]]]) -> dict[str, pd.DataFrame]:
    """The tables with the codepoints and probabilities of `votes` (box → classifier → codepoint → probability)."""
    return {
        name: table.assign(
            codepoints=[list(row[c]) for row in votes], probabilities=[list(row[c].values()) for row in votes]
        )
        for c, (name, table) in enumerate(tables.items())
    }


def ballots():
    one = st.dictionaries(st.sampled_from(CODEPOINTS), st.integers(0, 8).map(lambda n: n / 8), min_size=1)
    return st.lists(st.lists(one, min_size=3, max_size=3), min_size=1, max_size=8)


@settings(deadline=None)
@given(ballots(), st.permutations(range(3)))
def test_the_soft_vote_is_the_greatest_mean_in_any_order_of_classifiers(votes, order):
    plain = with_votes(random_boxes(len(votes), seed=0), [[("U+3042", 0.5)] * 3 for _ in votes])
    tables = top(plain, votes)
    fused = fuse(tables, "soft_vote")
    for row, codepoint, probability in zip(votes, fused["codepoint"], fused["probability"], strict=True):
        mean = {name: sum(ballot.get(name, 0) for ballot in row) / 3 for name in {n for ballot in row for n in ballot}}
        assert codepoint == min(mean, key=lambda name: (-mean[name], name))
        assert probability == pytest.approx(mean[codepoint])
    again = fuse({list(tables)[k]: list(tables.values())[k] for k in order}, "soft_vote")
    pd.testing.assert_frame_equal(fused, again)
    long = pd.concat(
        pd.DataFrame({"image_id": "page", "box": b, "codepoint": list(ballot), "probability": list(ballot.values())})
        for b, row in enumerate(votes)
        for ballot in row
    )
    by_rows = soft_vote(long.sample(frac=1, random_state=1), 3)
    pd.testing.assert_frame_equal(by_rows, fused[list(by_rows)], check_dtype=False)


def test_with_whole_vectors_the_soft_vote_is_their_mean_and_with_the_top_one_a_vote_by_confidence():
    rng = np.random.default_rng(0)
    names = np.array(sorted(CODEPOINTS))
    vectors = rng.dirichlet(np.ones(len(names)), (50, 5))  # boxes, classifiers, codepoints
    votes = [[dict(zip(names, vector, strict=True)) for vector in row] for row in vectors]
    tables = with_votes(random_boxes(50, seed=0), [[("U+3042", 0.5)] * 5] * 50)
    fused = fuse(top(tables, votes), "soft_vote")
    mean = vectors.mean(axis=1)
    assert fused["codepoint"].tolist() == names[mean.argmax(axis=1)].tolist()
    np.testing.assert_allclose(fused["probability"], mean.max(axis=1), rtol=1e-6)
    fewer = fuse(
        top(tables, [[dict(sorted(v.items(), key=lambda e: -e[1])[:2]) for v in row] for row in votes]), "soft_vote"
    )
    left_out = 1 - np.sort(vectors, axis=2)[:, :, -2:].sum(axis=2).mean(axis=1)
    assert (fewer["probability"] <= fused["probability"] + 1e-6).all()
    assert (fewer["probability"] + left_out >= fused["probability"] - 1e-6).all()


def test_bad_lists_are_refused():
    tables = with_votes(random_boxes(2, seed=0), [[("U+3042", 0.5)] * 2] * 2)
    with pytest.raises(InputError, match=r"classifier 00: .*classify.top_k"):
        fuse(tables, "soft_vote")
    for second in ({}, {"U+3042": np.nan}):
        with pytest.raises(InputError, match="classifier 01, page page, box 1: codepoints and probabilities"):
            fuse(top(tables, [[{"U+3042": 1.0}] * 2, [{"U+3042": 1.0}, second]]), "soft_vote")
    long = pd.DataFrame({"image_id": "p", "box": 3, "codepoint": ["U+3042"], "probability": [np.nan]})
    with pytest.raises(InputError, match="page p, box 3"):
        soft_vote(long, 1)
    assert len(soft_vote(long.iloc[:0], 5)) == 0


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
