"""Training of the false-positive predictor."""

from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

from kuzushiji.common.errors import InputError
from kuzushiji.common.score import match
from kuzushiji.common.tables import KEY
from kuzushiji.postprocess.booster_files import save_booster
from kuzushiji.postprocess.features import FEATURES

# The column that each protocol's folds keep whole.
PROTOCOLS = {"published": "box", "by_page": "image_id", "by_book": "book"}


def booster_rows(
    features: pd.DataFrame, merged: pd.DataFrame, truth: pd.DataFrame, pages: pd.DataFrame
) -> pd.DataFrame:
    """The rows to train and evaluate the predictor: all boxes, by page and box, with their `FEATURES`.

    Further columns: `image_id`, `box`, `book`; `target`, 1 if the competition's metric counts the box as a hit; and
    `labelled`, whether its page has characters: the published solution trains on such pages only. Raises `InputError`
    if `features` and `merged` do not have the same boxes, or if a box's page is not in `pages`.
    """
    merged = merged.sort_values(KEY, kind="stable", ignore_index=True)
    features = features.sort_values(KEY, kind="stable", ignore_index=True)
    if len(features) != len(merged) or not (features[KEY] == merged[KEY]).all(axis=None):
        raise InputError(
            f"{len(features)} rows of features for {len(merged)} merged boxes, or other boxes: "
            "make the features anew from these boxes"
        )
    books = merged["image_id"].map(pages.drop_duplicates("image_id").set_index("image_id")["book"])
    if books.isna().any():
        page = merged.loc[books.isna(), "image_id"].iloc[0]
        raise InputError(f"the page {page} has boxes but is not of this page set; boxes and pages must belong together")
    truth = truth.sort_values(KEY, kind="stable", ignore_index=True)
    of_box = merged[KEY].assign(
        book=books,
        labelled=merged["image_id"].isin(truth["image_id"]),
        target=match(merged, truth).astype(np.int32),
    )
    return pd.concat([of_box, features[FEATURES]], axis=1)


def parameters(settings: dict, threads: int) -> dict:
    """LightGBM's parameters for tuning and training: equal rows give equal trees. `settings` has the constants."""
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
    rows: pd.DataFrame, best_params: dict, settings: dict, variant: str, folder: Path, threads: int = 1
) -> tuple[pd.DataFrame, dict]:
    """Train one LightGBM model per fold, written as text to `folder`/fold_0.txt, fold_1.txt, …; see `cross_validate`.

    variant: of the features; it is written into the files. Returns the out-of-fold table and a summary: the number of
    training boxes and of characters among them, accuracy and area under the ROC curve out of fold, the protocol, and
    the best iteration of each fold.
    """
    models, out_of_fold = cross_validate(rows, best_params, settings, settings["folds"], threads)
    for fold, model in enumerate(models):
        save_booster(model, Path(folder) / f"fold_{fold}.txt", variant)
    iterations = [model.num_trees() for model in models]
    return out_of_fold, {"protocol": settings["protocol"], **quality(out_of_fold), "best_iterations": iterations}


def cross_validate(
    rows: pd.DataFrame, best_params: dict, settings: dict, count: int, threads: int = 1
) -> tuple[list[lgb.Booster], pd.DataFrame]:
    """Models trained on the boxes outside one fold each, cut at their best iteration, and their predictions.

    Folds split the boxes of pages with characters by `settings["protocol"]`: "published" splits box by box, stratified
    and shuffled, so that a page's boxes are on both sides and its features leak; "by_page" keeps pages whole, "by_book"
    keeps books whole. Each model stops when the loss on its own fold no longer falls.

    rows: as `booster_rows` gives them. best_params: as `tune.tune` gives them. settings: the configuration's
    `booster.training`.
    Returns the models, and `image_id`, `box`, `book`, `labelled`, `target`, `fold` (-1 on pages without characters)
    and `probability`: the mean over the models that did not train on the box, its page or its book, whichever the
    protocol keeps whole. Raises `InputError` for an unknown protocol, or too few rows for the folds.
    """
    if settings["protocol"] not in PROTOCOLS:
        raise InputError(
            f"booster.training.protocol: {settings['protocol']!r} is not known; use one of {', '.join(PROTOCOLS)}"
        )
    whole = PROTOCOLS[settings["protocol"]]
    groups = np.arange(len(rows)) if whole == "box" else pd.factorize(rows[whole])[0]
    usable = np.flatnonzero(rows["labelled"])
    x, target = rows[FEATURES].to_numpy(np.float64), rows["target"].to_numpy()
    params = {**best_params, **parameters(settings, threads), "metric": "binary_logloss"}
    models, fold_of = [], np.full(len(rows), -1)
    total, voices = np.zeros(len(rows)), np.zeros(len(rows))
    for fold, (rest, held_out) in enumerate(_folds(target[usable], groups[usable], whole, count, settings["seed"])):
        rest, held_out = usable[rest], usable[held_out]
        training = lgb.Dataset(x[rest], target[rest], feature_name=FEATURES)
        validation = lgb.Dataset(x[held_out], target[held_out], reference=training)
        stop = lgb.early_stopping(settings["early_stopping"], verbose=False)
        model = lgb.train(params, training, settings["rounds"], valid_sets=[validation], callbacks=[stop])
        model = lgb.Booster(model_str=model.model_to_string(num_iteration=model.best_iteration))
        unseen = ~np.isin(groups, groups[rest])
        total[unseen] += model.predict(x[unseen], num_threads=threads)
        voices[unseen] += 1
        fold_of[held_out] = fold
        models.append(model)
    kept = rows[[*KEY, "book", "labelled", "target"]]
    return models, kept.assign(fold=fold_of.astype(np.int32), probability=total / voices)


def quality(out_of_fold: pd.DataFrame) -> dict:
    """Boxes, characters, accuracy at 0.5 and area under the ROC curve, on the pages with characters."""
    found = out_of_fold[out_of_fold["labelled"]]
    return {
        "boxes": len(found),
        "characters": int(found["target"].sum()),
        "accuracy": float(((found["probability"] >= 0.5) == found["target"]).mean()),
        "auc": float(roc_auc_score(found["target"], found["probability"])),
    }


def _folds(
    target: np.ndarray, groups: np.ndarray, whole: str, count: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    smallest = min(int(target.sum()), len(target) - int(target.sum()))
    found = len(np.unique(groups))
    if smallest < count or found < count:
        unit = {"box": "", "image_id": f" on {found} pages", "book": f" of {found} books"}[whole]
        raise InputError(
            f"booster.training: {len(target)} boxes{unit}, {int(target.sum())} of them characters, do not make {count} "
            "folds; give the validation page set more labelled pages, or lower booster.training.folds"
        )
    if whole == "book":  # stratified folds may leave a fold without a book
        folds = list(GroupKFold(count).split(target, target, groups))
    else:
        kind = StratifiedKFold if whole == "box" else StratifiedGroupKFold
        splitter = kind(count, shuffle=True, random_state=seed)
        folds = list(splitter.split(target, target, None if whole == "box" else groups))
    for fold, (rest, held_out) in enumerate(folds):
        if len(np.unique(target[rest])) < 2 or len(held_out) == 0:
            raise InputError(
                f"booster.training: fold {fold} has no {'boxes' if len(held_out) == 0 else 'two kinds of boxes'} once "
                f"what shares one {whole} is kept together; give the validation page set more labelled pages, or set "
                "booster.training.protocol: published"
            )
    return folds
