"""The gain of the false-positive predictor by the protocol of its folds."""

import pandas as pd

from kuzushiji.common.score import scores
from kuzushiji.postprocess.booster import PROTOCOLS, cross_validate, quality


def compare_protocols(
    rows: pd.DataFrame,
    merged: pd.DataFrame,
    truth: pd.DataFrame,
    best_params: dict,
    settings: dict,
    threshold: float,
    threads: int = 1,
) -> pd.DataFrame:
    """F1 of the kept boxes, each judged by models that did not train on it, on its page, or on its book.

    rows: as `booster.booster_rows` gives them, of the `merged` boxes. settings: the configuration's `booster.training`,
    without regard to its `protocol`. If there are fewer pages or books than folds, each is a fold; a single page or
    book cannot be held out, and has no score.

    Returns a row per protocol: `protocol`, `folds`, `boxes` (of pages with characters, which train), `accuracy`, `auc`
    out of fold, and by the competition's metric on all pages `f1_without` the predictor, `f1`, `precision`, `recall`
    with it, and `gain`, their difference in F1. Raises `InputError` like `cross_validate`.
    """
    merged = merged.sort_values(["image_id", "box"], kind="stable", ignore_index=True)
    truth = truth.sort_values(["image_id", "box"], kind="stable", ignore_index=True)
    without = scores(merged, truth)["f1"]
    table = []
    for protocol, whole in PROTOCOLS.items():
        groups = len(rows) if whole == "box" else rows.loc[rows["labelled"], whole].nunique()
        folds = min(settings["folds"], groups)
        row = {"protocol": protocol, "folds": folds if folds > 1 else 0, "f1_without": without}
        if folds > 1:
            _, out_of_fold = cross_validate(rows, best_params, {**settings, "protocol": protocol}, folds, threads)
            kept = (out_of_fold["probability"] >= threshold).to_numpy()
            found = scores(merged[kept].reset_index(drop=True), truth)
            row |= {**quality(out_of_fold), **{name: found[name] for name in ("f1", "precision", "recall")}}
            row["gain"] = found["f1"] - without
        table.append(row)
    columns = ["protocol", "folds", "boxes", "accuracy", "auc", "f1_without", "f1", "precision", "recall", "gain"]
    return pd.DataFrame(table).reindex(columns=columns).astype({"boxes": "Int64"})
