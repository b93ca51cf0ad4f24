"""The training books that a page resembles most."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kuzushiji.classifier.classify import classify


def nearest_books(
    checkpoint: str | os.PathLike, pages: pd.DataFrame, files: Mapping[str, Path], settings: dict, workers: int = 0
) -> pd.DataFrame:
    """The training books that each page resembles most, according to a classifier trained on `book_crops`.

    `pages` is a table "pages", `files` maps an image_id to the file of its denoised page; `settings` has the keys
    `crops`, `batch_size`, `precision` and `top_k` of config's `classify`. One row per page, sorted: `image_id`, its own
    `book` (by its id), the `nearest` training book and its `probability`, then the runners-up `nearest_2`,
    `probability_2` and so on, `top_k` books at most. Raises `InputError` that names a page that is missing or cannot be
    read.
    """
    whole = {"box": 0, "x_min": 0, "y_min": 0, "x_max": pages["width"], "y_max": pages["height"], "detector_score": 1.0}
    settings = {**settings, "padding": 0.0, "duplicate_iou": 1.0, "cut": "pillow"}  # one box a page, which covers it
    predictions = classify(checkpoint, pages[["image_id"]].assign(**whole), files, settings, workers)
    table = predictions[["image_id"]].merge(pages[["image_id", "book"]], on="image_id", validate="one_to_one")
    books, probabilities = (np.stack(predictions[name].to_numpy()) for name in ("codepoints", "probabilities"))
    for place in range(books.shape[1]):  # of (N, k)
        suffix = f"_{place + 1}" if place else ""
        table[f"nearest{suffix}"], table[f"probability{suffix}"] = books[:, place], probabilities[:, place]
    return table


def count_nearest(table: pd.DataFrame) -> pd.DataFrame:
    """How often each training book is the nearest in a table of `nearest_books`, the most frequent first.

    For each `book` that is nearest to any page: the number of these `pages`, their `share` of all pages, the mean
    `probability`, and how many of them are `own`, pages of that very book.
    """
    own = table["book"] == table["nearest"]
    books = (
        table.assign(own=own)
        .groupby("nearest")
        .agg(pages=("image_id", "size"), probability=("probability", "mean"), own=("own", "sum"))
    )
    books.insert(1, "share", books["pages"] / len(table))
    return books.rename_axis("book").reset_index().sort_values(["pages", "book"], ascending=[False, True])
