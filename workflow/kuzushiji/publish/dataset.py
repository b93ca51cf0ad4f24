"""Statistics of page sets: pages, books, boxes, codepoints."""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.ticker import MaxNLocator

from kuzushiji.common.figures import BLUE, drawing

SHOWN = 40  # books per page set
_PARTS = (0.05, 0.5, 0.95)


def page_set_table(pages: Mapping[str, pd.DataFrame], truth: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per page set of `pages` with its contents, and with its boxes if `truth` has an entry for it.

    Sizes are pixels of the original pages; "5%", "50%" and "95%" are quantiles of boxes or pages.
    """
    rows = {name: _describe(table, truth.get(name)) for name, table in pages.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("page set")


def _describe(pages: pd.DataFrame, truth: pd.DataFrame | None) -> dict:
    row = {"pages": len(pages), "books": pages["book"].nunique()}
    row |= _quantiles("megapixels of a page", pages["width"].astype(float) * pages["height"] / 1e6)
    if truth is None:
        return row
    counts = boxes_a_page(pages, truth)
    frequency = truth["codepoint"].value_counts()
    row["pages without characters"] = int((counts == 0).sum())
    row |= {
        "boxes": len(truth),
        "codepoints": len(frequency),
        "codepoints that occur once": int((frequency == 1).sum()),
    }
    row |= _quantiles("boxes of a page", counts)
    row |= _quantiles("width of a box", truth["x_max"] - truth["x_min"])
    return row | _quantiles("height of a box", truth["y_max"] - truth["y_min"])


def _quantiles(name: str, values: pd.Series) -> dict:
    if values.empty:
        return {}
    return {f"{name}, {part:.0%}": float(value) for part, value in zip(_PARTS, values.quantile(_PARTS), strict=True)}


def boxes_a_page(pages: pd.DataFrame, truth: pd.DataFrame) -> pd.Series:
    """The number of true boxes of every page, by image_id."""
    return truth["image_id"].value_counts().reindex(pages["image_id"], fill_value=0)


def plot_boxes(pages: Mapping[str, pd.DataFrame], truth: Mapping[str, pd.DataFrame], path: str | os.PathLike) -> None:
    """Draw the distribution of the number of boxes per page, as shares of each page set's pages."""
    counts = {name: boxes_a_page(pages[name], table) for name, table in truth.items()}
    most = max((count.max() for count in counts.values()), default=1)
    edges = np.histogram_bin_edges([0, max(most, 1)], bins=min(40, max(10, int(most) // 5)))
    with drawing(path, 8, 4.5) as figure:
        axes = figure.subplots()
        for (name, count), color in zip(counts.items(), _colors(len(counts)), strict=True):
            share = np.histogram(count, edges)[0] / max(1, len(count))
            axes.stairs(
                share, edges, color=color, lw=1.8, label=f"{name}: {len(count):,} pages, median {count.median():g}"
            )
        axes.set(xlabel="boxes of a page", ylabel="share of the pages", xlim=(0, edges[-1]))
        _legend(figure, axes, counts)


def plot_codepoints(truth: Mapping[str, pd.DataFrame], path: str | os.PathLike) -> None:
    """Draw the frequency of codepoints by rank, both on a logarithmic scale."""
    with drawing(path, 8, 4.5) as figure:
        axes = figure.subplots()
        for (name, table), color in zip(truth.items(), _colors(len(truth)), strict=True):
            frequency = table["codepoint"].value_counts().to_numpy()
            label = f"{name}: {len(frequency):,} codepoints, {len(table):,} boxes"
            axes.step(np.arange(1, len(frequency) + 1), frequency, where="mid", color=color, lw=1.8, label=label)
        axes.set(xscale="log", yscale="log", xlabel="rank of the codepoint", ylabel="boxes with it")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.0f}")
        _legend(figure, axes, truth)


def plot_books(pages: Mapping[str, pd.DataFrame], path: str | os.PathLike) -> None:
    """Draw the number of pages of each book, a panel per page set; of many books, those with the most pages."""
    counts = {name: table["book"].value_counts() for name, table in pages.items()}
    lines = max(min(len(count), SHOWN) for count in counts.values())
    with drawing(path, 4.2 * len(counts), 1.4 + 0.22 * lines) as figure:
        for axes, (name, count) in zip(
            figure.subplots(1, len(counts), squeeze=False).flat, counts.items(), strict=True
        ):
            count = count.sort_index().sort_values(ascending=False, kind="stable")
            shown = count.head(SHOWN)
            bars = axes.barh(np.arange(len(shown)), shown, color=BLUE)
            axes.bar_label(bars, [f"{value:,}" for value in shown], padding=3, fontsize="small")
            axes.set_yticks(np.arange(len(shown)), shown.index, fontsize="small")
            more = f", of which the largest {SHOWN}" if len(count) > SHOWN else ""
            axes.set(title=f"{name}: {len(count):,} books{more}", xlabel="pages", ylim=(lines - 0.5, -0.5))
            axes.margins(x=0.12)
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            axes.grid(visible=False, axis="y")


def _colors(count: int) -> np.ndarray:
    return colormaps["viridis"](np.linspace(0.05, 0.85, count))


def _legend(figure, axes, drawn: Mapping) -> None:
    if drawn:
        figure.legend(loc="outside upper center", ncols=2)
    else:
        axes.text(0.5, 0.5, "no page set has labels", transform=axes.transAxes, ha="center")
