"""Plots of the classifiers' trainings: their epochs, and their confusions."""

import os
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes

from kuzushiji.common.figures import BLUE, drawing

PANELS = {
    "loss": "Training loss",
    "accuracy": "Validation accuracy",
    "macro_accuracy": "Mean accuracy of the codepoints",
    "learning_rate": "Learning rate",
}
SHOWN = 20  # pairs per classifier


def plot_history(histories: dict[str, pd.DataFrame], path: str | os.PathLike) -> None:
    """Draw the history tables of `classifier.classifier`: a panel per column, a line per classifier."""
    colors = colormaps["viridis"](np.linspace(0.05, 0.9, len(histories)))
    with drawing(path, 10, 7) as figure:
        for axes, (column, title) in zip(figure.subplots(2, 2, sharex=True).flat, PANELS.items(), strict=True):
            for (name, history), color in zip(histories.items(), colors, strict=True):
                label = f"{name}: best accuracy {history['accuracy'].max():.4f}" if column == "loss" else f"_{name}"
                marker = "." if len(history) < 20 else None
                axes.plot(history["epoch"], history[column], color=color, label=label, marker=marker)
            axes.set_title(title)
        figure.axes[1].set_ylim(top=1)
        figure.axes[2].set_ylim(top=1)
        figure.axes[3].set_yscale("log")
        figure.axes[3].yaxis.set_major_formatter("{x:g}")
        figure.axes[3].yaxis.set_major_formatter("{x:g}")
        for axes in figure.axes[2:]:
            axes.set_xlabel("epoch")
        figure.legend(loc="outside lower center", ncols=2)


def plot_confusions(confusions: dict[str, pd.DataFrame], path: str | os.PathLike, fonts: Iterable[Path]) -> None:
    """Draw the most confused pairs in the tables of `classifier.validation`: a panel per classifier.

    Each character is drawn with the first of `fonts` that has it, beside its codepoint.
    """
    columns = min(3, len(confusions))
    rows = -(-len(confusions) // columns)
    shown = max(1, *(min(len(table), SHOWN) for table in confusions.values()))
    with warnings.catch_warnings(), drawing(path, 4.2 * columns, rows * (1.2 + 0.22 * shown), fonts) as figure:
        warnings.filterwarnings("ignore", "Glyph")  # characters that no font has: the codepoint shows them
        panels = figure.subplots(rows, columns, squeeze=False).flat
        for axes, (name, table) in zip(panels, confusions.items(), strict=False):
            _bars(axes, name, table.head(shown), shown)
        for axes in figure.axes[len(confusions) :]:
            axes.remove()


def _bars(axes: Axes, name: str, table: pd.DataFrame, lines: int) -> None:
    labels = [
        f"{_named(true)} read as {_named(read)}"
        for true, read in zip(table["codepoint"], table["read_as"], strict=True)
    ]
    places = np.arange(len(table))
    axes.barh(places, table["crops"], color=BLUE)
    axes.set_yticks(places, labels, fontsize="small")
    axes.set(title=name, xlabel="validation crops", ylim=(lines - 0.5, -0.5))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(visible=False, axis="y")
    if table.empty:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center")


def _named(codepoint: str) -> str:
    return f"{chr(int(codepoint[2:], 16))} {codepoint}"
