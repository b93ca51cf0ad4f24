"""The candidates for each box: codepoints of the classifiers' top-k predictions, best first."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import BY_HAND, concat_tables

_PLACE = ["image_id", *CORNERS]
_BOXES_AT_ONCE = 100_000  # bounds the memory of the predictions


def find_alternatives(recognized: pd.DataFrame, predictions: dict[str, list[pa.Table]], top_k: int) -> pd.DataFrame:
    """A table of "alternatives" for all `recognized` boxes.

    predictions: the classifiers' predictions for each detector's boxes, detector → tables "top_k". The probability of a
    codepoint is its mean over the classifiers, with 0 for those that do not list it; the `top_k` highest are kept
    (ties: the smaller codepoint). They do not determine the recognized character, which `fuse` chooses by its own
    method.
    Boxes that people drew have their character alone.

    Raises `InputError` if a box has no predictions.
    """
    drawn = recognized["detector"] == BY_HAND
    recognized, drawn = recognized[~drawn], recognized[drawn]
    strange = sorted(set(recognized["detector"].unique()) - set(predictions))
    if strange:
        raise InputError(f"alternatives: there are no predictions of the detector {strange[0]}; run `recognize` again")
    found = [_drawn(drawn)]
    for detector, tables in predictions.items():
        boxes = recognized[recognized["detector"] == detector].reset_index(drop=True)
        rows = [_rows(boxes, table) for table in tables]
        names = pa.array(sorted(set().union(*(pc.unique(_flat(table, "codepoints")).to_pylist() for table in tables))))
        for start in range(0, len(boxes), _BOXES_AT_ONCE):
            part = slice(start, start + _BOXES_AT_ONCE)
            named = [_named(table, own[part], names) for table, own in zip(tables, rows, strict=True)]
            box, code, probability = _mean(named, len(names))
            found.append(_table(boxes.iloc[part], box, np.asarray(names)[code], probability, top_k))
    return concat_tables(found, "alternatives").sort_values(["image_id", "box"], ignore_index=True)


def _drawn(boxes: pd.DataFrame) -> pd.DataFrame:
    """Of boxes that people drew, what they say."""
    return boxes[["image_id", "box"]].assign(
        codepoints=[[name] for name in boxes["codepoint"]], probabilities=[np.ones(1, np.float32)] * len(boxes)
    )


def _rows(boxes: pd.DataFrame, table: pa.Table) -> np.ndarray:
    """The row of `table` that has each of the `boxes`, (n,)."""
    read = table.select(_PLACE).to_pandas().assign(row=np.arange(len(table)))
    row = boxes[_PLACE].merge(read, on=_PLACE, how="left")["row"]
    if row.isna().any():
        lost = boxes[row.isna().to_numpy()].iloc[0]
        raise InputError(
            f"alternatives: page {lost['image_id']}, box {lost['box']}: a classifier's table lacks this box; "
            "run `recognize` again"
        )
    return row.to_numpy(np.int64)


def _named(table: pa.Table, rows: np.ndarray, names: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """A classifier's predictions on `rows`: keys (box * names + code) and probabilities, one entry per codepoint."""
    wanted = table.select(["codepoints", "probabilities"]).take(pa.array(rows))
    box = np.repeat(np.arange(len(rows)), pc.list_value_length(wanted["codepoints"]).to_numpy())
    code = pc.index_in(_flat(wanted, "codepoints"), names).to_numpy()
    return box * len(names) + code, _flat(wanted, "probabilities").to_numpy().astype(float)


def _flat(table: pa.Table, name: str) -> pa.ChunkedArray:
    return pc.list_flatten(table[name])


def _mean(named: list[tuple[np.ndarray, np.ndarray]], count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes, codes (of `count`) and mean probabilities over the classifiers, by box, then code."""
    key = np.concatenate([key for key, _ in named])
    probability = np.concatenate([probability for _, probability in named])
    order = np.lexsort(
        [probability, key]
    )  # by probability too, so that sums do not depend on the order of the classifiers
    start = np.flatnonzero(np.diff(key[order], prepend=-1))
    total = np.add.reduceat(probability[order], start)
    return *np.divmod(key[order][start], count), total / len(named)


def _table(
    boxes: pd.DataFrame, box: np.ndarray, codepoint: np.ndarray, probability: np.ndarray, top_k: int
) -> pd.DataFrame:
    best = np.lexsort([-probability, box])
    starts = np.searchsorted(box[best], np.arange(len(boxes)))
    best = best[np.arange(len(best)) - starts[box[best]] < top_k]
    splits = np.searchsorted(box[best], np.arange(1, len(boxes)))
    return boxes[["image_id", "box"]].assign(
        codepoints=np.split(codepoint[best], splits),
        probabilities=np.split(probability[best].astype(np.float32), splits),
    )
