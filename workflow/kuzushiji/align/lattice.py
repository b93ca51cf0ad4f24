"""Two sequences, boxes and characters, aligned in order: every way at once, and the best one.

As in the forward-backward algorithm of pair hidden Markov models (Durbin et al., Biological Sequence Analysis, 1998,
chapter 4): a way is a sequence of matches, skipped boxes and missing characters, and its weight their product. Between
two matches, boxes are skipped first, so that no way counts twice.
"""

import numpy as np


def posteriors(match: np.ndarray, skip: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The probability of each match over all ways, (n, m).

    match: log weights of box i with character j, (n, m), `-inf` where it cannot be. skip: of a box without a character,
    (n,); missing: of a character without a box, (m,); both finite.
    """
    before = _reached(match, skip, missing, np.logaddexp)[1]
    after = _reached(match[::-1, ::-1], skip[::-1], missing[::-1], np.logaddexp)[1][::-1, ::-1]
    return np.exp(np.minimum(before[:-1, :-1] + match + after[1:, 1:] - before[-1, -1], 0.0))


def best_path(match: np.ndarray, skip: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """The character of each box in the way of the greatest weight, or -1, (n,); arguments as of `posteriors`.

    Characters rise. Of equally good ways it is the one with fewer matches.
    """
    kept, reached = _reached(match, skip, missing, np.maximum)
    character = np.full(len(match), -1)
    i, j = match.shape
    while i or j:
        # Sums in another order differ by rounding.
        while j and kept[i, j] < reached[i, j] - 1e-9:
            j -= 1
        # The last box of this way is skipped, or matched; the boxes before a skipped one are, until a match.
        while i and kept[i - 1, j] + skip[i - 1] >= kept[i, j] - 1e-9:
            i -= 1
        if i:
            i, j = i - 1, j - 1
            character[i] = j
    return character


def _reached(match: np.ndarray, skip: np.ndarray, missing: np.ndarray, add: np.ufunc) -> tuple[np.ndarray, np.ndarray]:
    """The weight of all ways (`logaddexp`) or the best (`maximum`) to each (boxes, characters), (n + 1, m + 1) twice.

    The first is of ways that do not end with a missing character, after which a box may be skipped; the second of all.
    """
    n, m = match.shape
    kept, reached = np.full((n + 1, m + 1), -np.inf), np.empty((n + 1, m + 1))
    kept[0, 0] = 0.0
    dropped = np.concatenate([[0.0], np.cumsum(missing)])
    for i in range(n + 1):
        if i:
            kept[i] = kept[i - 1] + skip[i - 1]
            kept[i, 1:] = add(kept[i, 1:], reached[i - 1, :-1] + match[i - 1])
        reached[i] = dropped + add.accumulate(kept[i] - dropped)
    return kept, reached
