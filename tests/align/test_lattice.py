from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.align.lattice import best_path, posteriors


def weights(n, m, seed):
    rng = np.random.default_rng(seed)
    match = rng.normal(0, 2, (n, m))
    match[rng.random((n, m)) < 0.2] = -np.inf
    return match, rng.normal(-2, 1, n), rng.normal(-2, 1, m)


def all_ways(match, skip, missing):
    """Every set of matches in order, with its log weight."""
    n, m = match.shape
    for count in range(min(n, m) + 1):
        for rows in combinations(range(n), count):
            for columns in combinations(range(m), count):
                others = np.delete(skip, rows).sum() + np.delete(missing, columns).sum()
                yield rows, columns, match[list(rows), list(columns)].sum() + others


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 999))
def test_all_ways_count_once(n, m, seed):
    match, skip, missing = weights(n, m, seed)
    ways = list(all_ways(match, skip, missing))
    total = np.logaddexp.reduce([weight for *_, weight in ways])
    expected = np.zeros((n, m))
    for rows, columns, weight in ways:
        expected[list(rows), list(columns)] += np.exp(weight - total)
    np.testing.assert_allclose(posteriors(match, skip, missing), expected, atol=1e-9)
    rows, columns, _ = max(ways, key=lambda way: way[2])
    best = np.full(n, -1)
    best[list(rows)] = columns
    assert best_path(match, skip, missing).tolist() == best.tolist()


def test_long_pages_lose_no_precision():
    match = np.full((1200, 1100), np.log(0.15))
    np.fill_diagonal(match, np.log(50))
    skip, missing = np.full(1200, np.log(1e-4)), np.full(1100, np.log(0.01))
    assert best_path(match, skip, missing).tolist() == [*range(1100), *[-1] * 100]
    assert posteriors(match, skip, missing).diagonal()[:1090].min() > 0.99
