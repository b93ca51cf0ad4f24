import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.classifier.priors import prior_correction, priors, read_priors
from kuzushiji.common.errors import InputError

RANKED = ["U+3057", "U+306B", "U+306E", "U+4E95"]


def truth(*codepoints):
    return pd.DataFrame({"codepoint": list(codepoints)})


def test_crops_are_counted_and_shares_fall_with_the_rank():
    table = priors(truth("U+306B", "U+306B", "U+4E95", "U+9999"), RANKED)
    assert table["codepoint"].tolist() == RANKED
    assert table["crops"].tolist() == [0, 2, 0, 1]
    assert table["share"].is_monotonic_decreasing
    assert table["share"].sum() == pytest.approx(1)
    assert table["share"][0] / table["share"][3] == pytest.approx(13 / 10)


def test_what_was_rarer_in_training_than_it_is_in_texts_gains():
    table = priors(truth(*["U+3057"] * 50, "U+306B"), RANKED)
    correction = prior_correction(table, [*RANKED, "U+2F00"], 1.0)
    assert correction.dtype == torch.float32
    seen, rare, never, also_never, unknown = correction.tolist()
    assert seen < 0 < never
    assert seen < rare < never
    assert also_never < never  # the rarer in texts
    assert unknown == 0
    # Bayes' rule at strength 1, with an unseen codepoint as 0.02 of a crop.
    assert never - rare == pytest.approx(math.log(11 / 12) + math.log(1.02 / 0.02), abs=1e-5)


@given(st.floats(0, 1), st.lists(st.integers(0, 1000), min_size=4, max_size=4))
def test_it_grows_with_its_strength_and_is_nothing_at_none(strength, counts):
    table = pd.DataFrame({"codepoint": RANKED, "crops": counts, "share": [0.4, 0.3, 0.2, 0.1]})
    whole = prior_correction(table, RANKED, 1.0)
    torch.testing.assert_close(prior_correction(table, RANKED, strength), whole * strength, rtol=1e-5, atol=1e-6)


def test_it_takes_a_known_bias_away():
    """Of a classifier that knows nothing but how often it saw each class, there remains how often texts have it."""
    table = pd.DataFrame({"codepoint": RANKED, "crops": [900, 60, 30, 10], "share": [0.1, 0.2, 0.3, 0.4]})
    learnt = torch.from_numpy(np.log(table["crops"].to_numpy() / 1000)).float()
    corrected = (learnt + prior_correction(table, RANKED, 1.0)).softmax(0)
    np.testing.assert_allclose(corrected, table["share"], rtol=2e-3)


def test_a_file_is_read_as_it_was_written(tmp_path):
    table = priors(truth("U+306B"), RANKED)
    table.to_csv(tmp_path / "priors.csv", index=False)
    pd.testing.assert_frame_equal(read_priors(tmp_path / "priors.csv"), table, check_dtype=False)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "codepoint,crops\nU+3057,3\n",
        "codepoint,crops,share\nU+3057,three,0.1\n",
        "codepoint,crops,share\nU+3057,-1,0.1\n",
        "codepoint,crops,share\nU+3057,3,0\n",
        "codepoint,crops,share\nU+3057,3,\n",
        "codepoint,crops,share\nU+3057,3,0.1\nU+3057,4,0.1\n",
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, content):
    (tmp_path / "priors.csv").write_text(content)
    with pytest.raises(InputError, match=r"priors\.csv"):
        read_priors(tmp_path / "priors.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"priors\.csv"):
        read_priors(tmp_path / "priors.csv")
