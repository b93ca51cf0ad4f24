"""The cost of detection: time and memory by page size, pass size and number of passes."""

import logging
import os
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from kuzushiji.common.compute import device
from kuzushiji.common.figures import drawing
from kuzushiji.common.measure import measured
from kuzushiji.detector.detect import detect_page, limit_proposals, resized
from kuzushiji.detector.model import build_model

# The variables of the cost, and for each the columns that stay fixed.
_AGAINST = {
    "pass_megapixels": ["width", "passes"],
    "page_megapixels": ["short_side", "passes"],
    "passes": ["width", "short_side"],
}


def detection_cost(settings: dict, threads: int) -> pd.DataFrame:
    """Measure the configured detector with random weights on pages of noise, which give the maximum number of boxes.

    `settings` holds the section `detect`, the section `model` as `model`, and lists: `page_sizes` (width and
    height), `short_sides` of a pass, and numbers of `passes`: 1 is in color, more must be even, half in color and half
    in gray, at nearly the same size. Sizes are in pixels. The cases: each page size at the first short side and number
    of passes, the first page size at each short side, and with each number of passes; each in a process of its own.
    Returns a row per case: width, height, short_side, passes, page_megapixels, pass_megapixels (of one pass), boxes,
    seconds (of the page, without loading the network) and peak_megabytes.
    """
    rows = []
    for (width, height), short_side, passes in _cases(settings):
        mode = {"first_short_side": short_side, "grayscale": passes > 1}
        mode["short_sides"] = [short_side - i for i in range(passes // 2)]
        (boxes, seconds), peak = measured(_once, settings | mode, width, height, threads=threads)
        pass_width, pass_height = resized(width, height, short_side, settings["max_long_side"])
        row = {"width": width, "height": height, "short_side": short_side, "passes": passes}
        row |= {"page_megapixels": width * height / 1e6, "pass_megapixels": pass_width * pass_height / 1e6}
        rows.append(row | {"boxes": boxes, "seconds": seconds, "peak_megabytes": peak})
        logging.info("%d x %d, %d passes at %d: %.1f s, %.0f MB", width, height, passes, short_side, seconds, peak)
    return pd.DataFrame(rows)


def growth(table: pd.DataFrame) -> pd.DataFrame:
    """The growth of time and memory in `detection_cost`'s table with sizes and passes, a row for each.

    Least squares over the cases that otherwise equal the first: cost = `base` + `slope` * x, and cost ~ x **
    `exponent`.
    """
    rows = []
    for against, fixed in _AGAINST.items():
        cases = table[(table[fixed] == table.loc[0, fixed]).all(axis=1)]
        if cases[against].nunique() < 2:
            continue
        for cost in ("seconds", "peak_megabytes"):
            slope, base = np.polyfit(cases[against], cases[cost], 1)
            exponent, _ = np.polyfit(np.log(cases[against]), np.log(cases[cost]), 1)
            rows.append({"cost": cost, "against": against, "base": base, "slope": slope, "exponent": exponent})
    return pd.DataFrame(rows)


def plot_cost(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Draw time and memory of `detection_cost` against sizes and passes, with the straight lines of `growth`."""
    lines = growth(table)
    with drawing(path, 10, 5) as figure:
        panels = figure.subplots(2, len(_AGAINST), squeeze=False, sharey="row")
        for row, cost in zip(panels, ("seconds", "peak_megabytes"), strict=True):
            for axes, (against, fixed) in zip(row, _AGAINST.items(), strict=True):
                cases = table[(table[fixed] == table.loc[0, fixed]).all(axis=1)]
                axes.plot(cases[against], cases[cost], "o")
                for line in lines[(lines["cost"] == cost) & (lines["against"] == against)].itertuples():
                    ends = np.array([0, cases[against].max()])
                    axes.plot(ends, line.base + line.slope * ends, color="gray", linewidth=1)
                axes.set(xlabel=against.replace("_", " "), xlim=(0, None))
            row[0].set(ylabel=cost.replace("_", " "), ylim=(0, 1.05 * table[cost].max()))


def _cases(settings: dict) -> Iterator[tuple[list[int], int, int]]:
    sizes, sides, passes = settings["page_sizes"], settings["short_sides"], settings["passes"]
    cases = [(size, sides[0], passes[0]) for size in sizes]
    cases += [(sizes[0], side, passes[0]) for side in sides] + [(sizes[0], sides[0], number) for number in passes]
    seen = set()
    for size, side, number in cases:
        if (*size, side, number) not in seen:
            seen.add((*size, side, number))
            yield size, side, number


def _once(settings: dict, width: int, height: int) -> tuple[int, float]:
    """The number of boxes on a page of noise, and the seconds, after a warm-up."""
    torch.manual_seed(0)
    model = build_model(settings["model"])
    model.init_weights()  # else numbers overflow, and no box is left
    model.to(device()).eval()
    limit_proposals(model, settings)
    detect_page(model, np.zeros((64, 64, 3), np.uint8), settings | {"first_short_side": 64, "short_sides": []})
    page = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    start = time.perf_counter()
    boxes, _ = detect_page(model, page, settings)
    return len(boxes), time.perf_counter() - start
