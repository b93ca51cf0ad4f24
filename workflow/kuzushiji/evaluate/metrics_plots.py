"""Plots of the scores of `metrics.evaluate`, as SVG."""

import os

import numpy as np

from kuzushiji.common.figures import BLUE, GRAY, ORANGE, drawing


def plot_stages(stages: dict[str, dict], path: str | os.PathLike) -> None:
    """Draw the F1 of each stage, with its codepoints and on detection alone, first stage on top."""
    place = np.arange(len(stages))
    f1 = [score.get("f1", np.nan) for score in stages.values()]
    detection = [score["detection"]["f1"] for score in stages.values()]
    with drawing(path, 8, 1.3 + 0.28 * len(stages)) as figure:
        axes = figure.subplots()
        bars = axes.barh(place, f1, 0.7, color=BLUE, label="as read")
        axes.bar_label(bars, ["" if np.isnan(value) else f"{value:.3f}" for value in f1], padding=3, fontsize="small")
        axes.plot(detection, place, "D", color=ORANGE, label="with perfect labels (detection alone)")
        axes.set_yticks(place, list(stages))
        axes.set(xlim=(0, 1.02), ylim=(len(stages) - 0.5, -0.5), xlabel="F1")
        axes.grid(axis="y", visible=False)
        figure.legend(loc="outside upper center", ncols=2)


def plot_bands(bands: dict[str, dict], path: str | os.PathLike) -> None:
    """Draw F1, precision and recall by a codepoint's frequency in training, with the number of true boxes."""
    place = np.arange(len(bands))
    parts = {"f1": ("F1", BLUE), "precision": ("precision", ORANGE), "recall": ("recall", GRAY)}
    with drawing(path, 7, 4) as figure:
        axes = figure.subplots()
        for i, (part, (label, color)) in enumerate(parts.items()):
            values = [score[part] for score in bands.values()]
            bars = axes.bar(place + (i - 1) * 0.27, values, 0.25, color=color, label=label)
            axes.bar_label(bars, fmt="%.2f", fontsize="small")
        axes.set_xticks(place, [f"{band}\n{score['count']:,} boxes" for band, score in bands.items()])
        axes.set(ylim=(0, 1.08), xlabel="times that a codepoint occurs in training")
        axes.grid(axis="x", visible=False)
        figure.legend(loc="outside upper center", ncols=3)
