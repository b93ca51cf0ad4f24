"""A plot of the losses of the detector's training."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from kuzushiji.common.figures import drawing


def plot_losses(table: pd.DataFrame, snapshots: Iterable[int], path: Path) -> None:
    """Draw losses and learning rate from a table of `detector.record.losses`, as SVG.

    Lines mark the iterations of the `snapshots`.
    """
    with drawing(path, 9, 5.5) as figure:
        upper, lower = figure.subplots(2, sharex=True, height_ratios=[3, 1])
        # Each network has its own.
        losses = [name for name in table if "loss" in name and table[name].notna().any()]
        for name in losses:
            upper.plot(table["iteration"], table[name], label=name.replace("_", " "), linewidth=1.2)
        upper.set(ylabel="loss", yscale="log")
        upper.yaxis.set_major_formatter("{x:g}")
        figure.legend(loc="outside upper center", ncols=5)
        lower.plot(table["iteration"], table["learning_rate"], color="black", linewidth=1.2)
        lower.set(ylabel="learning rate", xlabel="iteration")
        for axes in (upper, lower):
            for snapshot in snapshots:
                axes.axvline(snapshot, color="gray", linestyle="--", linewidth=0.8)
