"""Rejecting false positives: which boxes stay."""

from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

from kuzushiji.errors import InputError
from kuzushiji.features import FEATURES
from kuzushiji.tables import SCHEMAS


def reject(merged: pd.DataFrame, features: pd.DataFrame, boosters: list[Path], threshold: float) -> pd.DataFrame:
    """All merged boxes with `keep_probability`, the mean over the `boosters` (LightGBM text files), and `kept`.

    A box is kept if that mean is at least `threshold`. Returns a table of recognized boxes, row by row as `merged`.
    Raises `InputError` if a booster cannot be read or wants other features, or if `features` lacks a box.
    """
    if not boosters:
        raise InputError("reject: no boosters were given; train them, or import published ones")
    models = [_load(path) for path in boosters]
    key = ["image_id", "box"]
    rows = pd.MultiIndex.from_frame(features[key]).get_indexer(pd.MultiIndex.from_frame(merged[key]))
    if (rows < 0).any():
        box = merged.iloc[int(np.argmax(rows < 0))]
        raise InputError(
            f"page {box['image_id']}, box {box['box']}: there are no features; make them anew from these boxes"
        )
    x = features[FEATURES].iloc[rows]
    probability = np.zeros(len(merged))
    if len(merged):
        probability = np.mean([model.predict(x, num_threads=1) for model in models], axis=0)
    recognized = merged.reset_index(drop=True).assign(
        keep_probability=probability.astype(np.float32), kept=probability >= threshold
    )
    return recognized[SCHEMAS["recognized"].names]


def _load(path: Path) -> lgb.Booster:
    try:
        model = lgb.Booster(model_file=str(path))
    except lgb.basic.LightGBMError as error:
        raise InputError(f"{path}: not a LightGBM text model ({error}); train or import the boosters again") from error
    if model.feature_name() != FEATURES:
        raise InputError(
            f"{path}: this booster wants other features than the {len(FEATURES)} of this workflow; "
            "train the boosters again, or import the published ones"
        )
    return model
