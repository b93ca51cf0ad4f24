"""Training of the false-positive predictor."""

from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from kuzushiji.errors import InputError
from kuzushiji.features import FEATURES
from kuzushiji.files import replacing
from kuzushiji.score import match


def training_rows(
    features: pd.DataFrame, merged: pd.DataFrame, truth: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """What the predictor learns from: the boxes of all pages that have characters.

    Returns the features (N, 117), the target (N,) int32, 1 where the competition's metric counts the box as a hit,
    and each row's page (N,). Raises `InputError` if `features` and `merged` are not of the same boxes.
    """
    key = ["image_id", "box"]
    merged = merged.sort_values(key, kind="stable", ignore_index=True)
    features = features.sort_values(key, kind="stable", ignore_index=True)
    if len(features) != len(merged) or not (features[key] == merged[key]).all(axis=None):
        raise InputError(
            f"{len(features)} rows of features for {len(merged)} merged boxes, or other boxes: "
            "make the features anew from these boxes"
        )
    truth = truth.sort_values(key, kind="stable", ignore_index=True)
    labelled = merged["image_id"].isin(truth["image_id"]).to_numpy()
    target = match(merged, truth).astype(np.int32)
    groups = merged["image_id"].to_numpy(object)
    return features.loc[labelled, FEATURES].reset_index(drop=True), target[labelled], groups[labelled]


def parameters(settings: dict, threads: int) -> dict:
    """What LightGBM is told in the search as in the training: same rows, same trees. `settings` has the constants."""
    return {
        "objective": "binary",
        "max_depth": settings["max_depth"],
        "max_bin": settings["max_bin"],
        "seed": settings["seed"],
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }


def train(
    features: pd.DataFrame,
    target: np.ndarray,
    groups: np.ndarray,
    best_params: dict,
    settings: dict,
    folder: Path,
    threads: int = 1,
) -> dict:
    """Train one LightGBM model a fold and write them as text to `folder`/fold_0.txt, fold_1.txt, ….

    Folds are stratified and shuffled by row, as published, or keep a page together (`group_by_page`). Each model stops
    when its held-out loss no longer falls and is written up to its best iteration.

    features, target, groups: as `training_rows` gives them. best_params: as `search.search` gives them. settings: the
    configuration's `booster.training`.
    Returns the number of rows and characters, accuracy and area under the ROC curve of the out-of-fold predictions, and
    each fold's best iteration. Raises `InputError` if the rows do not suffice for the folds.
    """
    target = np.asarray(target, dtype=np.int32)
    x = features[FEATURES]
    params = {**best_params, **parameters(settings, threads), "metric": "binary_logloss"}
    predicted = np.empty(len(target))
    iterations = []
    for fold, (rest, held_out) in enumerate(_folds(target, groups, settings)):
        training = lgb.Dataset(x.iloc[rest], target[rest])
        validation = lgb.Dataset(x.iloc[held_out], target[held_out], reference=training)
        model = lgb.train(
            params,
            training,
            settings["rounds"],
            valid_sets=[validation],
            callbacks=[lgb.early_stopping(settings["early_stopping"], verbose=False)],
        )
        predicted[held_out] = model.predict(x.iloc[held_out], num_iteration=model.best_iteration)
        iterations.append(model.best_iteration)
        with replacing(Path(folder) / f"fold_{fold}.txt") as partial:
            model.save_model(partial, num_iteration=model.best_iteration)
    return {
        "rows": len(target),
        "characters": int(target.sum()),
        "accuracy": float(((predicted >= 0.5) == target).mean()),
        "auc": float(roc_auc_score(target, predicted)),
        "best_iterations": iterations,
    }


def _folds(target: np.ndarray, groups: np.ndarray, settings: dict) -> list[tuple[np.ndarray, np.ndarray]]:
    count, by_page = settings["folds"], settings["group_by_page"]
    kind = StratifiedGroupKFold if by_page else StratifiedKFold
    smallest = min(int(target.sum()), len(target) - int(target.sum()))
    pages = len(pd.unique(groups))
    if smallest < count or (by_page and pages < count):
        raise InputError(
            f"booster.training: {len(target)} boxes on {pages} pages, {int(target.sum())} of them characters, do not "
            f"make {count} folds; give the validation page set more labelled pages, or lower booster.training.folds"
        )
    folds = list(
        kind(count, shuffle=True, random_state=settings["seed"]).split(target, target, groups if by_page else None)
    )
    for fold, (rest, held_out) in enumerate(folds):
        if len(np.unique(target[rest])) < 2 or len(held_out) == 0:
            raise InputError(
                f"booster.training: fold {fold} has no {'boxes' if len(held_out) == 0 else 'two kinds of boxes'} once "
                "pages are kept together; give the validation page set more labelled pages, or set group_by_page: false"
            )
    return folds
