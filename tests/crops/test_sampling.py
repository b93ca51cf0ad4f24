import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.common.errors import InputError
from kuzushiji.crops.sampling import draw_weighted, sampling_weights

SETS = {"a": "drawn", "b": "real"}


def rows(*counts):
    """One row per crop of (page, codepoint, number)."""
    table = [(page, number, codepoint) for page, codepoint, count in counts for number in range(count)]
    return pd.DataFrame(table, columns=["image_id", "box", "codepoint"])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["U+3042", "U+3044"]), st.integers(1, 9)), min_size=1))
def test_weights_are_a_distribution(counts):
    table = rows(*counts)
    weights = sampling_weights(table, SETS, {"crops": 1, "power": 0.5, "shares": None})
    assert (weights > 0).all() and weights.sum() == pytest.approx(1)


def test_power_evens_frequencies_out():
    table = rows(("a", "U+3042", 90), ("a", "U+3044", 10))
    frequent = (table["codepoint"] == "U+3042").to_numpy()
    for power, share in ((1.0, 0.9), (0.0, 0.5), (0.5, 0.75)):
        weights = sampling_weights(table, SETS, {"crops": 1, "power": power, "shares": None})
        assert weights[frequent].sum() == pytest.approx(share)


def test_page_sets_get_their_shares():
    table = rows(("a", "U+3042", 50), ("b", "U+3042", 5), ("b", "U+3044", 5))
    weights = sampling_weights(table, SETS, {"crops": 1, "power": 1.0, "shares": {"drawn": 1, "real": 3}})
    real = (table["image_id"] == "b").to_numpy()
    assert weights[real].sum() == pytest.approx(0.75)
    assert weights.sum() == pytest.approx(1)


def test_shares_must_fit_the_page_sets():
    table = rows(("a", "U+3042", 1))
    with pytest.raises(InputError, match=r"page a is of no page set"):
        sampling_weights(table, {}, {"crops": 1, "power": 1.0, "shares": {"drawn": 1}})
    with pytest.raises(InputError, match=r"real has no crops; drawn has no share"):
        sampling_weights(table, SETS, {"crops": 1, "power": 1.0, "shares": {"real": 1}})


def test_draws_follow_the_weights():
    weights = np.array([0.1, 0.0, 0.6, 0.3])
    drawn = np.bincount(draw_weighted(weights, 20000, np.random.default_rng(0)), minlength=4) / 20000
    assert drawn == pytest.approx(weights, abs=0.02)
    assert drawn[1] == 0
