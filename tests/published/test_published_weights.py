from pathlib import Path

import numpy as np
import pytest
from published_weights import CELL_ANCHORS, read_state, rule_weights

STATES = sorted((Path(__file__).parents[1] / "golden").glob("*_state.tsv"))


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_the_rule_gives_the_weights_that_the_golden_outputs_were_made_with(path):
    table = read_state(path)
    weights = rule_weights(path)
    assert sum(map(len, weights.values())) == (table["key"] != CELL_ANCHORS).sum()
    for row in table[table["key"] != CELL_ANCHORS].itertuples():
        tensor = weights[row.part][row.key]
        assert tuple(tensor.shape) == row.shape and str(tensor.dtype) == f"torch.{row.dtype}", row.key
        values = tensor.numpy().astype(np.float64).ravel()
        np.testing.assert_allclose(np.abs(values).sum(), row.rule_abs_sum, rtol=1e-6, err_msg=row.key)
        np.testing.assert_allclose(values[0], row.rule_first, rtol=1e-6, err_msg=row.key)
