"""How often each training crop is drawn, where epochs are drawn at random instead of passing over every crop."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kuzushiji.common.errors import SHOWN, InputError


def sampling_weights(rows: pd.DataFrame, image_sets: Mapping[str, str], sampling: dict) -> np.ndarray:
    """The probability (N,) with which each of the training `rows`, a table "folds", is drawn; they sum to 1.

    `image_sets` maps an image_id to the page set that its image is from. Of the draws, each page set gets its part of
    `shares`, a mapping from page sets to numbers; if that is null, all pages are one set. Within a page set a
    codepoint with n crops is drawn in proportion to n ** `power`: 1 leaves frequencies as they are, 0 evens them out.
    Raises `InputError` if a page set has no share, or a share has no crops.
    """
    shares = sampling["shares"] or {"all": 1.0}
    source = rows["image_id"].map(image_sets) if sampling["shares"] else pd.Series("all", index=rows.index)
    there = set(source.dropna())
    problems = [f"{name} has no crops" for name in sorted(shares.keys() - there)]
    problems += [f"{name} has no share" for name in sorted(there - shares.keys())]
    problems += [f"page {page} is of no page set" for page in rows["image_id"][source.isna()].unique()[:SHOWN]]
    if problems:
        raise InputError(f"sampling.shares: {'; '.join(problems)}")
    count = rows.groupby([source.to_numpy(), "codepoint"])["box"].transform("size").to_numpy(np.float64)
    weight = pd.Series(count ** (sampling["power"] - 1.0), index=rows.index)
    total = weight.groupby(source).transform("sum")
    return (weight / total * source.map(shares) / sum(shares.values())).to_numpy()


def draw_weighted(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` places in `weights` (N,), drawn in proportion to them, with repetition; int64."""
    upto = np.cumsum(weights)
    return np.searchsorted(upto, rng.random(count) * upto[-1], side="right")
