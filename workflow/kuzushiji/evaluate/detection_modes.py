"""Accuracy and time of detection with fewer passes over a page."""

import logging
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kuzushiji.common.errors import InputError
from kuzushiji.detector.detect import detect_pages, passes, ready
from kuzushiji.evaluate.detection_metrics import ALL, detection_metrics


def detection_modes(
    checkpoint: str | os.PathLike,
    files: Sequence[tuple[str, str | Path]],
    truth: pd.DataFrame,
    pages: pd.DataFrame,
    settings: dict,
    workers: int = 0,
) -> pd.DataFrame:
    """Score and time each of config's detection modes with the detector of `checkpoint` on some pages, in one run.

    files: image id and denoised image of pages, of which `settings["pages"]`, evenly spread, are used; `truth` and
    `pages` are their tables. `settings` holds the section `detect`, a detector's `model`, and what
    `detection_metrics` needs; `workers` are those of `detector.detect.detect`. Returns a row per mode: passes, pages,
    seconds_a_page (after one page as a warm-up), slower (than the fastest, as a factor),
    and the detection's F1, precision, recall and average precision by `detection_metrics`, with `best_f1` over all
    score thresholds at `best_score`. Raises `InputError` if there are no pages.
    """
    if not files:
        raise InputError("detection_modes: the page set has no pages; name one that has")
    spread = np.unique(np.linspace(0, len(files) - 1, min(settings["pages"], len(files))).round().astype(int))
    taken = [files[place] for place in spread]
    pages = pages[pages["image_id"].isin([image_id for image_id, _ in taken])]
    rows = []
    model = ready(checkpoint, settings)
    for name, mode in settings["modes"].items():
        used = settings | mode
        detect_pages(model, taken[:1], used)
        start = time.perf_counter()
        found = detect_pages(model, taken, used, workers)
        seconds = (time.perf_counter() - start) / len(taken)
        tables = detection_metrics({name: found}, truth, pages, set(), used)
        books, scores = tables["books"], tables["scores"]
        total = books[(books["book"] == ALL) & (books["training"] == ALL)].iloc[0]
        best = scores.loc[scores["f1"].idxmax()]
        row = {"mode": name, "passes": len(passes(used)), "pages": len(taken), "seconds_a_page": seconds}
        row |= total[["f1", "precision", "recall", "average_precision"]].to_dict()
        rows.append(row | {"best_f1": best["f1"], "best_score": best["score"]})
        logging.info("%s: %.2f s a page, F1 %.4f", name, seconds, row["f1"])
    table = pd.DataFrame(rows)
    table.insert(4, "slower", table["seconds_a_page"] / table["seconds_a_page"].min())
    return table
