"""Fusion of the classifiers' predictions for one detector's boxes."""

import numpy as np
import pandas as pd
import pyarrow as pa

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import is_codepoint
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import KEY, SCHEMAS

METHODS = ("hard_prob", "soft_vote")


def fuse(predictions: dict[str, pd.DataFrame], method: str) -> pd.DataFrame:
    """One prediction per box from those of several classifiers (classifier name → table of predictions).

    method "hard_prob", the published solution's vote: the most frequent codepoint wins (ties: the smallest codepoint
    string), with the highest probability among its voters. If all classifiers differ, the most probable codepoint wins
    (ties: the later classifier).

    method "soft_vote", which the published solution uses for pseudo labels: the softmax of the mean of the logits. Here
    these are logarithms of probabilities, which differ from the logits by a constant per box, without effect on the
    softmax. The tables then need their list columns `codepoints` and `probabilities`, the most probable codepoints of
    every box ("top_k"). For a codepoint that a classifier does not list, the upper bound of its probability counts: the
    least listed probability, or the rest that all listed ones leave. Codepoints that no classifier lists are left out.
    If all codepoints are listed, the result is exact. Ties: the smallest codepoint string.

    Returns a table of predictions sorted by page and box. Raises `InputError` for an unknown method, no classifiers, a
    probability that is not a number, something that is not a codepoint, or classifiers with different boxes.
    """
    if method not in METHODS:
        raise InputError(f"fuse.method: {method!r} is not known; use one of {', '.join(METHODS)}")
    if not predictions:
        raise InputError("fuse: there are no classifiers; name at least one under `classifiers` in the configuration")
    tables = {name: _in_order(table) for name, table in predictions.items()}
    fused = _common_boxes(tables)
    if method == "hard_prob":
        codes, names = _codes(tables, {name: table["codepoint"] for name, table in tables.items()})
        # (N, C) arrays: a row per box, a column per classifier.
        probabilities = np.column_stack([table["probability"].to_numpy() for table in tables.values()])
        winner, fused["probability"] = _vote(np.column_stack(codes), probabilities, len(names))
    else:
        entries = {name: _entries(name, table) for name, table in tables.items()}
        codes, names = _codes(tables, {name: entry[1] for name, entry in entries.items()}, entries)
        ballots = [(entry[0], own, entry[2]) for entry, own in zip(entries.values(), codes, strict=True)]
        winner, fused["probability"] = _soft_vote(ballots, len(fused))
    fused["codepoint"] = names.take(winner)
    return fused[SCHEMAS["predictions"].names]


def _soft_vote(ballots: list[tuple[np.ndarray, np.ndarray, np.ndarray]], count: int) -> tuple[np.ndarray, np.ndarray]:
    """The winning codes of `count` boxes and their probabilities, (count,) each.

    A ballot is the list of one classifier: boxes, in order, codes and probabilities, one entry per listed codepoint.
    """
    if not count:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    codes = max(code.max() for _, code, _ in ballots) + 1
    rest, pairs, gains = np.zeros(count), [], []
    for box, code, probability in ballots:
        start = np.flatnonzero(np.diff(box, prepend=-1))
        share = np.maximum(probability.astype(np.float64), np.finfo(np.float32).tiny)
        # The least distance to 1 of 32-bit numbers.
        left = np.maximum(1 - np.add.reduceat(share, start), np.finfo(np.float32).epsneg)
        unnamed = np.log(np.minimum(np.minimum.reduceat(share, start), left))
        rest += unnamed
        pairs.append(box * codes + code)
        gains.append(np.log(share) - unnamed[box])
    pair, gain = np.concatenate(pairs), np.concatenate(gains)
    order = np.lexsort([gain, pair])  # by gain too, so that sums do not depend on the order of the classifiers
    pair = pair[order]
    start = np.flatnonzero(np.diff(pair, prepend=-1))
    box, code = np.divmod(pair[start], codes)
    mean = (np.add.reduceat(gain[order], start) + rest[box]) / len(ballots)
    best = np.lexsort([code, -mean, box])
    first = best[np.flatnonzero(np.diff(box[best], prepend=-1))]
    total = np.bincount(box, np.exp(mean - mean[first][box]), minlength=count)
    return code[first], 1 / total


def _vote(codes: np.ndarray, probabilities: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The winning codes and their probabilities; (N, C) → (N,). The `count` codes sort like codepoint strings."""
    if not len(codes):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    votes = sum((codes == column[:, None]).view(np.int8) for column in codes.T)
    most = votes.max(axis=1, keepdims=True)
    winner = np.where(votes == most, codes, count).min(axis=1)
    # argmax takes the first of equals; counted from the end, that is the later classifier.
    latest = codes.shape[1] - 1 - probabilities[:, ::-1].argmax(axis=1)
    winner = np.where(most[:, 0] == 1, codes[np.arange(len(codes)), latest], winner)
    return winner, np.where(codes == winner[:, None], probabilities, -np.inf).max(axis=1)


def _codes(tables: dict, columns: dict, entries: dict | None = None) -> tuple[list[np.ndarray], pd.Index]:
    """Each classifier's codepoints as integers in the order of codepoint strings, and the strings."""
    found = {name: pd.factorize(column) for name, column in columns.items()}
    names = pd.Index(np.unique(np.concatenate([np.asarray(names, dtype=object) for _, names in found.values()])))
    for classifier, (codes, own) in found.items():
        strange = [name for name in own if not is_codepoint(name)]
        if strange:
            row = int(np.argmax(codes == list(own).index(strange[0])))
            box = tables[classifier].iloc[entries[classifier][0][row] if entries else row]
            raise InputError(
                f"classifier {classifier}, page {box['image_id']}, box {box['box']}: {strange[0]!r} is no codepoint "
                "like U+3042; correct the labels that the classifier was trained on"
            )
    return [names.get_indexer(own)[codes] if len(codes) else codes for codes, own in found.values()], names


def _entries(name: str, table: pd.DataFrame) -> tuple[np.ndarray, pd.Series, np.ndarray]:
    """A classifier's lists as entries: row of the box, codepoint, probability; one entry per listed codepoint."""
    if not {"codepoints", "probabilities"} <= set(table.columns):
        raise InputError(
            f"classifier {name}: its predictions lack the columns codepoints and probabilities, which fuse.method "
            "soft_vote needs; set classify.top_k, or use hard_prob"
        )
    codepoints = pa.array(table["codepoints"], type=pa.list_(pa.string()))
    probabilities = pa.array(table["probabilities"], type=pa.list_(pa.float32()))
    lengths = np.asarray(codepoints.value_lengths().fill_null(0))
    bad = np.flatnonzero((lengths == 0) | (lengths != np.asarray(probabilities.value_lengths().fill_null(0))))
    values = probabilities.flatten().to_numpy(zero_copy_only=False)
    rows = np.repeat(np.arange(len(table)), lengths)
    bad = bad if len(bad) else rows[np.flatnonzero(np.isnan(values))]
    if len(bad):
        row = table.iloc[bad[0]]
        raise InputError(
            f"classifier {name}, page {row['image_id']}, box {row['box']}: codepoints and probabilities are not lists "
            "of the same length, empty, or without numbers; run this classifier again"
        )
    return rows, pd.Series(codepoints.flatten().to_pandas()), values


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The table sorted by page and box, without sorting a table again that is already in order."""
    page, box = table["image_id"], table["box"].to_numpy()
    if len(table) > 1:
        codes, _ = pd.factorize(page)
        same = np.diff(codes) == 0
        rises = page.iloc[np.flatnonzero(~same) + 1].to_numpy(object) > page.iloc[np.flatnonzero(~same)].to_numpy(
            object
        )
        if not rises.all() or (np.diff(box)[same] < 0).any():
            table = table.sort_values(KEY, kind="stable")
    return table.reset_index(drop=True)


def _common_boxes(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A copy of the first table's boxes, after a check that all tables have the same ones."""
    (first_name, first), *others = tables.items()
    key = [*KEY, *CORNERS]
    for name, table in tables.items():
        bad = table["codepoint"].isna() | table["probability"].isna()
        if bad.any():
            row = table[bad].iloc[0]
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
    return first[[*key, "detector_score"]].copy()
