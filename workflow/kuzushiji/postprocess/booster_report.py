"""Tables and figures of the false-positive predictor: what it learned, and how good it is out of fold."""

import os
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.ticker import NullFormatter, StrMethodFormatter
from sklearn.metrics import average_precision_score, precision_recall_curve

from kuzushiji.common.figures import BLUE, GRAY, ORANGE, drawing
from kuzushiji.postprocess.features import FEATURES

_CHARACTER, _REST = 1, 0


def importances(models: list[lgb.Booster]) -> pd.DataFrame:
    """`feature`, with `gain` and `splits` as shares of all, mean over the models; the greatest gain first."""
    shares = {}
    for column, kind in {"gain": "gain", "splits": "split"}.items():
        found = np.array([model.feature_importance(kind) for model in models], dtype=np.float64)
        shares[column] = (found / np.maximum(found.sum(axis=1, keepdims=True), 1e-300)).mean(axis=0)
    table = pd.DataFrame({"feature": FEATURES, **shares})
    return table.sort_values(["gain", "splits"], ascending=False, kind="stable", ignore_index=True)


def contributions(models: list[lgb.Booster], x: np.ndarray) -> np.ndarray:
    """SHAP values (Lundberg et al. 2020), the contributions of each feature to the log-odds of every row of `x` (N, F).

    LightGBM computes them; mean over the models. Returns (N, F); with the models' mean expectation they sum to the
    mean of the raw predictions.
    """
    return np.mean([model.predict(x, pred_contrib=True, num_threads=1)[:, :-1] for model in models], axis=0)


def calibration(out_of_fold: pd.DataFrame, bins: int) -> pd.DataFrame:
    """Predicted and true probability in each of `bins` equal ranges (`from`, `to`) of the prediction.

    For each range, the number of `boxes`, their mean `probability`, and the share of `characters` among them. Only
    boxes of pages with characters count; ranges without boxes are left out.
    """
    found = out_of_fold[out_of_fold["labelled"]]
    place = np.clip((found["probability"].to_numpy() * bins).astype(np.int64), 0, bins - 1)
    groups = found.groupby(place)
    table = pd.DataFrame(
        {"boxes": groups.size(), "probability": groups["probability"].mean(), "characters": groups["target"].mean()}
    )
    table.insert(0, "from", table.index / bins)
    table.insert(1, "to", (table.index + 1) / bins)
    return table.reset_index(drop=True)


def plot_importances(table: pd.DataFrame, features: int, path: str | os.PathLike) -> None:
    """Draw the first `features` rows of `importances`: shares of gain and of splits."""
    table = table.head(features)[::-1]
    with drawing(path, 7, 1.2 + 0.24 * len(table)) as figure:
        axes = figure.subplots()
        place = np.arange(len(table))
        axes.barh(place + 0.2, table["gain"], 0.4, color=BLUE, label="of the gain in loss")
        axes.barh(place - 0.2, table["splits"], 0.4, color=ORANGE, label="of the splits")
        axes.set_yticks(place, table["feature"])
        axes.set(xlabel="share, mean over the folds", ylim=(-0.6, len(table) - 0.4))
        axes.grid(axis="y", visible=False)
        axes.legend(loc="lower right")


def plot_contributions(values: np.ndarray, x: np.ndarray, features: int, seed: int, path: str | os.PathLike) -> None:
    """Draw a SHAP summary of the `features` most important ones: a point per box, colored by the rank of its value."""
    most = np.argsort(-np.abs(values).mean(axis=0), kind="stable")[:features][::-1]
    rng = np.random.default_rng(seed)
    with drawing(path, 8, 1.4 + 0.3 * len(most)) as figure:
        axes = figure.subplots()
        for place, feature in enumerate(most):
            value = pd.Series(x[:, feature])
            spread = place + rng.uniform(-0.32, 0.32, len(value))
            color = colormaps["viridis"](value.rank(pct=True).to_numpy())
            color[value.isna().to_numpy()] = (0.75, 0.75, 0.75, 1.0)
            # Thousands of points, hence as pixels inside the SVG.
            axes.scatter(values[:, feature], spread, s=4, c=color, linewidths=0, rasterized=True)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(np.arange(len(most)), [FEATURES[feature] for feature in most])
        axes.set(xlabel="contribution to the log-odds of being a character", ylim=(-0.6, len(most) - 0.4))
        axes.grid(axis="y", visible=False)
        bar = figure.colorbar(ScalarMappable(cmap="viridis"), ax=axes, aspect=40, pad=0.01, ticks=[0, 1])
        bar.ax.set_yticklabels(["low", "high"])
        bar.set_label("rank of the feature's value (gray: missing)", labelpad=-8)


def plot_calibration(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Draw `calibration`: the share of characters by predicted probability, and the number of boxes in each range."""
    with drawing(path, 5, 5.5) as figure:
        axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        axes.plot([0, 1], [0, 1], color=GRAY, linestyle="--", label="perfectly calibrated")
        axes.plot(table["probability"], table["characters"], "o-", color=BLUE, label="out of fold")
        axes.set(ylabel="share of characters", xlim=(0, 1), ylim=(-0.02, 1.02))
        axes.legend(loc="upper left")
        width = table["to"] - table["from"]
        counts.bar(table["from"] + width / 2, table["boxes"], 0.9 * width, color=BLUE)
        counts.set(xlabel="predicted probability of being a character", ylabel="boxes", yscale="log")
        counts.set_ylim(bottom=0.7)
        counts.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        counts.yaxis.set_minor_formatter(NullFormatter())
        figure.align_ylabels()


def plot_precision_recall(out_of_fold: pd.DataFrame, threshold: float, path: str | os.PathLike) -> None:
    """Draw precision by recall for both kinds of boxes, with the point of `threshold`."""
    found = out_of_fold[out_of_fold["labelled"]]
    target, probability = found["target"].to_numpy(), found["probability"].to_numpy()
    with drawing(path, 9, 4.2) as figure:
        for axes, kind, color in zip(figure.subplots(1, 2), (_CHARACTER, _REST), (BLUE, ORANGE), strict=True):
            name = "characters (boxes to keep)" if kind == _CHARACTER else "false positives (boxes to drop)"
            wanted, score = target == kind, probability if kind == _CHARACTER else 1 - probability
            precision, recall, _ = precision_recall_curve(wanted, score)
            axes.plot(recall, precision, color=color, linewidth=2)
            chosen = (probability >= threshold) == (kind == _CHARACTER)
            hits = int((chosen & wanted).sum())
            point = hits / max(int(wanted.sum()), 1), hits / max(int(chosen.sum()), 1)
            axes.plot(*point, "o", color="black", label=f"threshold {threshold:g}")
            axes.axhline(wanted.mean(), color=GRAY, linestyle="--", label="chosen blindly")
            area = average_precision_score(wanted, score)
            axes.set(title=f"{name}\naverage precision {area:.3f}", xlabel="recall", ylabel="precision")
            axes.set(xlim=(0, 1.01), ylim=(0, 1.02))
            axes.legend(loc="lower left" if kind == _CHARACTER else "upper right")


def booster_report(
    models: list[lgb.Booster], rows: pd.DataFrame, out_of_fold: pd.DataFrame, settings: dict, folder: str | os.PathLike
) -> None:
    """Write importances.csv and .svg, contributions.svg, calibration.csv and .svg, precision_recall.svg to `folder`.

    models and out_of_fold: of one training. rows: as `booster.booster_rows` gives them. settings: the configuration's
    `booster.report` (how many features and rows to show, bins, seed) and `threshold` of `filter`.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = importances(models)
    table.to_csv(folder / "importances.csv", index=False, float_format="%.6g")
    plot_importances(table, settings["features"], folder / "importances.svg")
    x = rows.loc[rows["labelled"], FEATURES]
    x = x.sample(min(len(x), settings["rows"]), random_state=settings["seed"]).to_numpy(np.float64)
    plot_contributions(
        contributions(models, x), x, settings["features"], settings["seed"], folder / "contributions.svg"
    )
    bins = calibration(out_of_fold, settings["bins"])
    bins.to_csv(folder / "calibration.csv", index=False, float_format="%.6g")
    plot_calibration(bins, folder / "calibration.svg")
    plot_precision_recall(out_of_fold, settings["threshold"], folder / "precision_recall.svg")
