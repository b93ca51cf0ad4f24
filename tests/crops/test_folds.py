import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.common.errors import InputError
from kuzushiji.crops.folds import fold, undersample

SETTINGS = {
    "seed": 0,
    "moved_share": 0.10,
    "moved": 20,
    "min_training": 100,
    "min_validation": 20,
    "max_training": 2000,
}


def truth(counts):
    """Characters as `counts` says: {codepoint: (crops in the held-out book, crops in another)}."""
    rows = [
        (f"{book}_{number}", 0, codepoint, book)
        for codepoint, both in counts.items()
        for book, count in zip(("held", "other"), both, strict=True)
        for number in range(count)
    ]
    table = pd.DataFrame(rows, columns=["image_id", "box", "codepoint", "book"])
    table["box"] = np.arange(len(table))
    return table


def counts_of(rows):
    """Of each codepoint: its rows, and its crops."""
    return len(rows), len(rows.drop_duplicates(["image_id", "box"]))


numbers = st.one_of(st.integers(0, 30), st.integers(180, 240), st.integers(480, 520))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4), st.integers(0, 5))
def test_every_codepoint_follows_the_rules(pairs, seed):
    counts = {f"U+{3000 + place}": pair for place, pair in enumerate(pairs)}
    counts["U+9999"] = (1, 1)  # the held-out book always has a character
    table = truth(counts)
    training, validation = fold(table, "held", {**SETTINGS, "seed": seed})
    for codepoint, (held, other) in counts.items():
        train, valid = (part[part["codepoint"] == codepoint] for part in (training, validation))
        total = held + other
        if held and other:
            expected = other, held
            assert train["image_id"].str.startswith("other").all() and valid["image_id"].str.startswith("held").all()
        elif not total:
            expected = 0, 0
        elif int(0.10 * total) > 20:
            expected = (total - 20, 20) if other else (20, total - 20)
        else:
            expected = total, total
        assert expected == (counts_of(train)[1], counts_of(valid)[1])
        for rows, minimum, crops in ((train, 100, expected[0]), (valid, 20, expected[1])):
            copies = 1 + (int(minimum / crops) if 0 < crops < minimum else 0)
            assert (rows.groupby(["image_id", "box"]).size() == copies).all()
        if not (held and other) and int(0.10 * total) > 20:  # moved, not copied
            assert len(train[["image_id", "box"]].merge(valid, on=["image_id", "box"])) == 0


def test_the_order_of_the_rows_does_not_matter_but_the_seed_does():
    table = truth({"U+3042": (0, 400), "U+3044": (300, 0), "U+3046": (5, 5)})
    first = fold(table, "held", SETTINGS)
    again = fold(table.sample(frac=1, random_state=1), "held", SETTINGS)
    for one, other in zip(first, again, strict=True):
        pd.testing.assert_frame_equal(one, other)
        assert list(one.columns) == ["image_id", "box", "codepoint"]
        assert one["image_id"].is_monotonic_increasing
    reseeded = fold(table, "held", {**SETTINGS, "seed": 1})
    assert not first[1].equals(reseeded[1])


def test_an_unknown_book_is_named_with_those_there_are():
    with pytest.raises(InputError, match=r"nowhere.*held, other"):
        fold(truth({"U+3042": (1, 1)}), "nowhere", SETTINGS)


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 12), st.integers(0, 9))
def test_undersampling_takes_at_most_so_many_of_each_and_all_of_the_rarer(codepoints, most, seed):
    codepoints = np.array(codepoints, dtype=np.int64)
    chosen = undersample(codepoints, most, np.random.default_rng(seed))
    assert len(np.unique(chosen)) == len(chosen)
    expected = np.minimum(np.bincount(codepoints, minlength=4), most)
    np.testing.assert_array_equal(np.bincount(codepoints[chosen], minlength=4), expected)


def test_undersampling_draws_anew_with_the_generator():
    rng = np.random.default_rng(0)
    first, second = (undersample(np.zeros(100, dtype=np.int64), 50, rng) for _ in range(2))
    assert set(first) != set(second)
