"""The split of crops into training and validation by a held-out book, and balanced numbers of crops per character."""

import numpy as np
import pandas as pd

from kuzushiji.common.errors import InputError


def fold(truth: pd.DataFrame, validation_book: str, settings: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split labelled characters into training and validation rows, as the published solution does.

    `truth` has the columns `image_id`, `box`, `codepoint` and `book`. The held-out book validates, the rest trains. Of
    a codepoint that only one side has, `moved` random crops move to the other side if the share `moved_share` of its
    crops exceeds `moved`; otherwise both sides get all of its crops. A codepoint with n crops, fewer than
    `min_training` (`min_validation`), then gets int(min / n) further copies of each. Both tables have the schema
    "folds", sorted by page and box, independent of the order of `truth`. Raises `InputError` if `validation_book` has
    no characters.
    """
    if validation_book not in set(truth["book"]):
        known = ", ".join(sorted(truth["book"].unique())) or "none"
        raise InputError(f"validation_book: {validation_book} has no labelled characters; the books that have: {known}")
    truth = truth.sort_values(["image_id", "box"], ignore_index=True)
    held = (truth["book"] == validation_book).to_numpy()
    by_codepoint = truth.groupby("codepoint")
    held_count = pd.Series(held).groupby(truth["codepoint"]).transform("sum").to_numpy()
    count = by_codepoint["box"].transform("size").to_numpy()

    drawn = _random_rank(truth["codepoint"].to_numpy(), np.random.default_rng(settings["seed"])) < settings["moved"]
    one_sided = (held_count == 0) | (held_count == count)
    divided = np.floor(settings["moved_share"] * count) > settings["moved"]
    # The random crops go to the side without any: to validation if the held-out book lacks the codepoint.
    validates = np.where(one_sided, drawn == (held_count == 0), held)
    on_both = one_sided & ~divided
    training = _repeat_rare(truth[~validates | on_both], settings["min_training"])
    validation = _repeat_rare(truth[validates | on_both], settings["min_validation"])
    return training, validation


def undersample(codepoints: np.ndarray, max_training: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of one epoch's crops in random order, drawn by `rng`: at most `max_training` of each codepoint.

    `codepoints` (N,) names the codepoint of each crop, in any type.
    """
    chosen = np.flatnonzero(_random_rank(codepoints, rng) < max_training)
    return rng.permutation(chosen)


def _random_rank(codepoints: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random place, from 0, for every row among the rows of its codepoint."""
    order = rng.permutation(len(codepoints))
    rank = np.empty(len(codepoints), dtype=np.int64)
    rank[order] = pd.Series(codepoints[order]).groupby(codepoints[order]).cumcount()
    return rank


def _repeat_rare(rows: pd.DataFrame, minimum: int) -> pd.DataFrame:
    count = rows.groupby("codepoint")["box"].transform("size")
    copies = 1 + np.where(count < minimum, minimum // count, 0)
    repeated = rows.loc[rows.index.repeat(copies), ["image_id", "box", "codepoint"]]
    return repeated.reset_index(drop=True)
