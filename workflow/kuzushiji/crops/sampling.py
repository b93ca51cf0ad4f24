"""How often each training crop is drawn, where epochs are drawn at random instead of passing over every crop."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kuzushiji.common.errors import InputError


def sampling_weights(rows: pd.DataFrame, image_sets: Mapping[str, str], sampling: dict) -> np.ndarray:
    """The probability (N,) with which each of the training `rows`, a table "folds", is drawn; they sum to 1.

    `image_sets` maps an image_id to the page set that its image is from. Of the draws, each page set gets its part of
    `shares`, a mapping from page sets to numbers, or all crops count alike if that is null. Within a page set a
    codepoint with n crops is drawn in proportion to n ** `power`: 1 leaves frequencies as they are, 0 evens them out.
    Raises `InputError` if a page set has no share, or a share has no crops.
    """
    source = rows["image_id"].map(image_sets)
    shares = sampling["shares"] or dict.fromkeys(source.unique(), 1.0)
    unknown, empty = sorted(set(source) - shares.keys()), sorted(shares.keys() - set(source))
    if unknown or empty:
        raise InputError(
            "sampling.shares: "
            + "; ".join([f"{name} has no share" for name in unknown] + [f"{name} has no crops" for name in empty])
        )
    count = rows.groupby([source.to_numpy(), "codepoint"])["box"].transform("size").to_numpy(np.float64)
    weight = pd.Series(count ** (sampling["power"] - 1.0))
    total = weight.groupby(source.to_numpy()).transform("sum")
    if sampling["shares"] is None:
        return (weight / weight.sum()).to_numpy()
    part = source.map(shares).to_numpy(np.float64) / sum(shares.values())
    return (weight / total).to_numpy() * part


def draw_weighted(weights: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` places in `weights` (N,), drawn in proportion to them, with repetition; int64."""
    upto = np.cumsum(weights)
    return np.searchsorted(upto, rng.random(count) * upto[-1], side="right")
