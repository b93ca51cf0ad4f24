"""Fusion of the classifiers' predictions for one detector's boxes."""

import numpy as np
import pandas as pd

from kuzushiji.boxes import CORNERS
from kuzushiji.errors import InputError
from kuzushiji.tables import SCHEMAS


def fuse(predictions: dict[str, pd.DataFrame], method: str) -> pd.DataFrame:
    """One prediction a box from those of several classifiers (classifier name → table of predictions).

    method "hard_prob", the published solution's vote: the most frequent codepoint wins (ties: the smallest codepoint
    string), with the highest probability among its voters. Where all classifiers differ, the most probable
    codepoint wins (ties: the later classifier).

    Returns a table of predictions sorted by page and box. Raises `InputError` on an unknown method, on no classifiers,
    on a probability that is no number, or where the classifiers saw different boxes.
    """
    if method != "hard_prob":
        raise InputError(f"fuse.method: {method!r} is not known; use hard_prob")
    if not predictions:
        raise InputError("fuse: there are no classifiers; name at least one under `classifiers` in the configuration")
    tables = {
        name: table.sort_values(["image_id", "box"], kind="stable").reset_index(drop=True)
        for name, table in predictions.items()
    }
    fused = _common_boxes(tables)
    # (N, C) arrays: one row a box, one column a classifier.
    codepoints = np.column_stack([table["codepoint"].to_numpy(object) for table in tables.values()])
    probabilities = np.column_stack([table["probability"].to_numpy() for table in tables.values()])
    if len(fused):
        winner, probability = _vote(codepoints, probabilities)
        fused["codepoint"], fused["probability"] = winner, probability
    return fused[SCHEMAS["predictions"].names]


def _vote(codepoints: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    names, codes = np.unique(codepoints, return_inverse=True)  # codes rise with the codepoint string
    codes = codes.reshape(codepoints.shape)
    votes = (codes[:, :, None] == codes[:, None, :]).sum(axis=2)
    most = votes.max(axis=1, keepdims=True)
    winner = np.where(votes == most, codes, len(names)).min(axis=1)
    # argmax takes the first of equals; seen from the end, that is the later classifier.
    latest = codes.shape[1] - 1 - probabilities[:, ::-1].argmax(axis=1)
    all_differ = most[:, 0] == 1
    winner = np.where(all_differ, codes[np.arange(len(codes)), latest], winner)
    return names[winner], np.where(codes == winner[:, None], probabilities, -np.inf).max(axis=1)


def _common_boxes(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A copy of the first table, once all tables are known to hold the same boxes."""
    (first_name, first), *others = tables.items()
    key = ["image_id", "box", *CORNERS]
    for name, table in tables.items():
        if table["codepoint"].isna().any() or table["probability"].isna().any():
            row = table[table["codepoint"].isna() | table["probability"].isna()].iloc[0]
            raise InputError(
                f"classifier {name}, page {row['image_id']}, box {row['box']}: it has no codepoint or probability; "
                "run this classifier again"
            )
    for name, table in others:
        if len(table) == len(first) and all((table[column] == first[column]).all() for column in key):
            continue
        merged = first[key].merge(table[key], how="outer", indicator=True)
        pages = merged.loc[merged["_merge"] != "both", "image_id"].unique()
        pages = pages if len(pages) else first.loc[first.duplicated(key), "image_id"].unique()
        named = ", ".join(map(str, pages[:5])) + (f" and {len(pages) - 5} more" if len(pages) > 5 else "")
        raise InputError(
            f"the classifiers {first_name} and {name} saw different boxes on the pages {named}; "
            "run both on the same detections"
        )
    return first.copy()
