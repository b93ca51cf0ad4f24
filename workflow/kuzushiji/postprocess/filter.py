"""The filter of false positives."""

from pathlib import Path

import numpy as np
import pandas as pd

from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import KEY, SCHEMAS
from kuzushiji.postprocess.booster_files import load_boosters
from kuzushiji.postprocess.features import FEATURES

_ROWS_AT_ONCE = 100_000  # bounds the memory of rows passed to LightGBM


def filter_boxes(
    merged: pd.DataFrame,
    features: pd.DataFrame,
    boosters: list[Path],
    threshold: float,
    variant: str,
    threads: int = 1,
) -> pd.DataFrame:
    """All merged boxes with `keep_probability`, the mean over the `boosters` (LightGBM text files), and `kept`.

    A box is kept if that mean is at least `threshold`. variant: of the features.
    Returns a table of recognized boxes in the order of `merged`. Raises `InputError` if a booster cannot be read or
    needs other features, or if `features` lacks a box.
    """
    if not boosters:
        raise InputError("filter: no boosters were given; train them, or import published ones")
    models = load_boosters(boosters, variant)
    rows = _rows(merged, features)
    probability = np.empty(len(merged))
    for start in range(0, len(merged), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        some = np.ascontiguousarray(features.iloc[rows[part]][FEATURES].to_numpy(np.float64))
        probability[part] = np.mean([model.predict(some, num_threads=threads) for model in models], axis=0)
    recognized = merged.reset_index(drop=True).assign(
        keep_probability=probability.astype(np.float32), kept=probability >= threshold
    )
    return recognized[SCHEMAS["recognized"].names]


def _rows(merged: pd.DataFrame, features: pd.DataFrame) -> np.ndarray:
    """The row of `features` that belongs to each merged box."""
    if len(merged) == len(features) and all((merged[name].array == features[name].array).all() for name in KEY):
        return np.arange(len(merged))
    rows = pd.MultiIndex.from_frame(features[KEY]).get_indexer(pd.MultiIndex.from_frame(merged[KEY]))
    if (rows < 0).any():
        box = merged.iloc[int(np.argmax(rows < 0))]
        raise InputError(
            f"page {box['image_id']}, box {box['box']}: there are no features; make them anew from these boxes"
        )
    return rows
