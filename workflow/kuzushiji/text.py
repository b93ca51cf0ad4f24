"""Text in reading order: columns from right to left, characters downwards."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

# Two boxes stand in one column if their centers are less than this share of their mean width apart.
_SIDEWAYS = 0.5


def character(codepoint: str) -> str:
    """`U+3042` → `あ`."""
    return chr(int(codepoint.removeprefix("U+"), 16))


def reading_order(boxes: pd.DataFrame) -> pd.DataFrame:
    """The boxes of one page in reading order, with the number of their `column` from the right, from 0.

    Boxes are chained with their nearest neighbor below, where each is the other's nearest; chains at the same height
    across the page belong to one column.
    """
    if boxes.empty:
        return boxes.assign(column=pd.Series(dtype=int))
    left, top, right, bottom = (boxes[name].to_numpy(float) for name in ("x_min", "y_min", "x_max", "y_max"))
    x, y, width = (left + right) / 2, (top + bottom) / 2, right - left
    chain = _chains(x, y, width)
    chains = pd.DataFrame({"chain": chain, "x": x, "y": y, "width": width}).groupby("chain")
    chains = chains.agg(x=("x", "median"), y=("y", "min"), width=("width", "median")).sort_values("x", ascending=False)
    apart = -chains["x"].diff() > _SIDEWAYS * (chains["width"] + chains["width"].shift()) / 2
    column = apart.cumsum().reindex(chain).to_numpy()
    return boxes.assign(column=column, _y=y).sort_values(["column", "_y"], kind="stable").drop(columns="_y")


def _chains(x: np.ndarray, y: np.ndarray, width: np.ndarray) -> np.ndarray:
    """The number of each box's chain, (n,)."""
    n = len(x)
    drop = y[None, :] - y[:, None]  # (n, n): how far box j lies below box i
    aligned = np.abs(x[None, :] - x[:, None]) < _SIDEWAYS * (width[None, :] + width[:, None]) / 2
    drop = np.where(aligned & (drop > 0), drop, np.inf)
    below, above = drop.argmin(axis=1), drop.argmin(axis=0)
    upper = np.flatnonzero(np.isfinite(drop.min(axis=1)))
    upper = upper[above[below[upper]] == upper]
    links = coo_array((np.ones(len(upper)), (upper, below[upper])), shape=(n, n))
    return connected_components(links, directed=False)[1]


def page_text(boxes: pd.DataFrame) -> str:
    """The text of one page's boxes, a line a column."""
    ordered = reading_order(boxes)
    lines = ordered.groupby("column")["codepoint"].agg(lambda column: "".join(map(character, column)))
    return "".join(f"{line}\n" for line in lines)


def write_text(recognized: pd.DataFrame, image_ids: list[str], folder: Path) -> None:
    """Write `folder/{image_id}.txt` for every page of `image_ids` from the boxes that stay."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = recognized[recognized["kept"]]
    by_page = dict(list(kept.groupby("image_id")))
    for image_id in image_ids:
        boxes = by_page.get(image_id, kept.iloc[:0])
        (folder / f"{image_id}.txt").write_text(page_text(boxes), encoding="utf-8")
