"""How often a classifier saw each codepoint, and how often texts have it, for correcting its probabilities."""

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from kuzushiji.common.errors import InputError

COLUMNS = ("codepoint", "crops", "share")
# A codepoint without a crop counts as this much of one.
_UNSEEN = 0.02
# Zipf's law with Mandelbrot's offset: what is at a rank is as frequent as 1 / (rank + offset).
_OFFSET = 10


def priors(truth: pd.DataFrame, ranked: Sequence[str]) -> pd.DataFrame:
    """For every codepoint of `ranked`, most frequent first, its number of `crops` in `truth` and its `share` of texts.

    `truth` is a table "truth" of the scanned pages that a classifier learnt from: not of drawn ones, which look
    different, so that it learns frequencies for each. The share is by rank alone, as a few pages do not tell it.
    """
    share = 1 / (np.arange(len(ranked)) + _OFFSET)
    crops = truth["codepoint"].value_counts().reindex(ranked, fill_value=0).to_numpy()
    return pd.DataFrame(dict(zip(COLUMNS, (ranked, crops, share / share.sum()), strict=True)))


def read_priors(path: str | os.PathLike) -> pd.DataFrame:
    """The table that `priors` makes, from a CSV file. Raises `InputError` if it is none."""
    try:
        table = pd.read_csv(path, dtype={"codepoint": str, "crops": np.int64, "share": np.float64})
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no table of {', '.join(COLUMNS)} ({error}); make it with the rule priors") from error
    lacking = [name for name in COLUMNS if name not in table]
    if lacking:
        raise InputError(f"{path}: lacks the column {', '.join(lacking)}; make it with the rule priors")
    bad = table["codepoint"].isna() | ~(table["crops"] >= 0) | ~(table["share"] > 0) | table["codepoint"].duplicated()
    if bad.any():
        row = table[bad].iloc[0].to_dict()
        raise InputError(f"{path}: {row}: a codepoint once, with crops of 0 or more and a share above 0, is wanted")
    return table


def prior_correction(table: pd.DataFrame, charset: Sequence[str], strength: float) -> torch.Tensor:
    """What is added to the logits of `charset`, (classes,) float32.

    `strength` times the logarithm of how much more frequent a codepoint is in texts than it was in training: 1 is
    Bayes' rule (Saerens et al. 2002, Adjusting the outputs of a classifier to new a priori probabilities), less where
    a classifier does not follow what it saw wholly. Codepoints that the table lacks are left as they are.
    """
    seen = table["crops"] + _UNSEEN
    ratio = np.log(table["share"] / table["share"].sum()) - np.log(seen / seen.sum())
    found = pd.Series(ratio.to_numpy(), index=table["codepoint"]).reindex(charset, fill_value=0.0)
    return torch.from_numpy(strength * found.to_numpy(np.float32))
