"""Characters that a page set's labels seem to miss: many labelled pages are labelled in part only."""

import os

import numpy as np
import pandas as pd

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.score import inside_pairs
from kuzushiji.common.tables import page_order


def missing_labels(recognized: pd.DataFrame, truth: pd.DataFrame, pages: pd.DataFrame, least: float) -> pd.DataFrame:
    """The kept boxes of the table `recognized` on `pages` where `truth` has no label, the surest ones first.

    There is no label if neither the box's center lies inside a true box nor a true box's center inside the box,
    whatever their codepoints. Listed are boxes with a `confidence` of at least `least`: the probability that the box
    is a character and the right one. A page without labels counts as labelled, as an empty one.

    Columns: `image_id`, `book`, `box`, `codepoint`, `character`, the corners in pixels of the page, `confidence`, and
    of the whole page `missing`, the number of its boxes that are listed, and `labels`.
    """
    kept = recognized[recognized["kept"]].reset_index(drop=True)
    kept["confidence"] = (kept["probability"].clip(0, 1) * kept["keep_probability"]).astype(float).round(4)
    labelled = np.zeros(len(kept), bool)
    labelled[inside_pairs(kept, truth, ["image_id"])[1]] = True
    labelled[inside_pairs(truth, kept, ["image_id"])[0]] = True
    found = kept[~labelled & (kept["confidence"] >= least) & kept["image_id"].isin(pages["image_id"])]
    found = found.assign(
        book=found["image_id"].map(pages.set_index("image_id")["book"]),
        character=found["codepoint"].map(character),
        missing=found.groupby("image_id")["image_id"].transform("size"),
        labels=found["image_id"].map(truth["image_id"].value_counts()).fillna(0).astype(int),
        place=found["image_id"].map({name: place for place, name in enumerate(page_order(pages["image_id"]))}),
    )
    found = found.sort_values(["confidence", "place", "box"], ascending=[False, True, True], ignore_index=True)
    shown = ["image_id", "book", "box", "codepoint", "character", *CORNERS, "confidence", "missing", "labels"]
    return found[shown]


def incomplete_pages(missing: pd.DataFrame) -> pd.DataFrame:
    """The pages of `missing_labels`, those that miss most first: `image_id`, `book`, `missing`, `labels`."""
    pages = missing[["image_id", "book", "missing", "labels"]].drop_duplicates("image_id")
    return pages.sort_values(["missing", "image_id"], ascending=[False, True], ignore_index=True)


def read_missing(path: str | os.PathLike) -> pd.DataFrame:
    """The table of `missing_labels` that its rule wrote."""
    return pd.read_csv(path, dtype={"image_id": str, "book": str}, keep_default_na=False)
