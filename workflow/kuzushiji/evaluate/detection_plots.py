"""Plots of the tables of `detection_metrics`, as SVG."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure

from kuzushiji.common.figures import drawing
from kuzushiji.evaluate.detection_metrics import ALL


def plot_scores(scores: pd.DataFrame, path: str | Path) -> None:
    """Draw F1, precision and recall by score threshold: a line per detector, with its best F1 marked."""
    best = scores[scores["best"] == "best"].set_index("detector")
    labels = {name: f"{name}: best F1 {row.f1:.3f} at score {row.score:g}" for name, row in best.iterrows()}
    panels = {"f1": "F1", "precision": "Precision", "recall": "Recall"}
    with drawing(path, *_size(scores)) as figure:
        _curves(figure, scores, "score", "lowest score of a box", panels, labels)
        figure.axes[0].set_xlim(0, 1)
        for axes, column in zip(figure.axes, panels, strict=True):
            for (name, row), color in zip(best.iterrows(), _colors(scores, best.index), strict=True):
                axes.plot(row["score"], row[column], "o", color=color, label=f"_{name}")


def plot_iou(iou: pd.DataFrame, path: str | Path) -> None:
    """Draw recall, precision and average precision by IoU threshold: a line per detector."""
    panels = {"recall": "Recall", "precision": "Precision", "average_precision": "Average precision"}
    with drawing(path, *_size(iou)) as figure:
        _curves(figure, iou, "iou", "lowest IoU of a hit", panels, {})


def plot_books(books: pd.DataFrame, path: str | Path) -> None:
    """Draw the F1 of each book, those of training first: a bar per detector."""
    books = books[books["book"] != ALL].sort_values(["training", "book"], kind="stable")
    names = (books["book"] + books["training"].map({"seen": "", "unseen": " (unseen)", "unknown": ""})).unique()
    detectors = books["detector"].unique()
    with drawing(path, 7, 1.4 + len(names) * (0.2 + 0.16 * len(detectors))) as figure:
        axes = figure.subplots()
        axes.grid(visible=False, axis="y")
        height = 0.8 / len(detectors)
        for i, (detector, color) in enumerate(zip(detectors, _colors(books, detectors), strict=True)):
            f1 = books.loc[books["detector"] == detector, "f1"]
            place = np.arange(len(names)) + (i - (len(detectors) - 1) / 2) * height
            bars = axes.barh(place, f1, height, color=color, label=detector)
            axes.bar_label(bars, fmt="%.2f", padding=2, fontsize="small")
        axes.set_yticks(np.arange(len(names)), names)
        axes.tick_params(axis="y", length=0)
        axes.set(xlim=(0, 1.08), ylim=(len(names) - 0.5, -0.5), xlabel="F1 of the detection")
        figure.legend(loc="outside upper center", ncols=4, title="detector")


def _size(table: pd.DataFrame) -> tuple[float, float]:
    return 10, 3.6 + 0.1 * table["detector"].nunique()


def _curves(
    figure: Figure, table: pd.DataFrame, x: str, x_label: str, panels: dict[str, str], labels: dict[str, str]
) -> None:
    detectors = table["detector"].unique()
    subplots = figure.subplots(1, len(panels), sharex=True, sharey=True)
    for axes, (column, title) in zip(subplots, panels.items(), strict=True):
        for detector, color in zip(detectors, _colors(table, detectors), strict=True):
            rows = table[table["detector"] == detector]
            label = labels.get(detector, detector) if axes is figure.axes[0] else f"_{detector}"
            axes.plot(rows[x], rows[column], color=color, linewidth=2, label=label)
        axes.set(title=title, xlabel=x_label, ylim=(0, 1.02))
    figure.legend(loc="outside lower center", ncols=2, title="detector")


def _colors(table: pd.DataFrame, detectors) -> np.ndarray:
    """A color for each of `detectors`, from dark to light in their order, (n, 4)."""
    names = list(table["detector"].unique())
    return colormaps["viridis"](np.linspace(0.15, 0.75, max(len(names), 2)))[[names.index(name) for name in detectors]]
