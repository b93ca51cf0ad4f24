"""Corrections by people, boxes and characters or texts alone, in place of what was read on a page.

Characters of a text keep the boxes of those that were read; new ones stand between their neighbors.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import BY_HAND, concat_tables
from kuzushiji.pages.corrections import Correction, Text
from kuzushiji.pages.labels import clip_boxes
from kuzushiji.text.inserted import Size, insert
from kuzushiji.text.reading_order import reading_order
from kuzushiji.text.transcriptions import Written, normalize, written

COUNTS = ["confirmed", "changed", "added", "removed"]
_SAME = 0.5  # boxes that overlap at least so much, intersection over union, are one


def correct(
    recognized: pd.DataFrame, corrections: Mapping[str, Correction], pages: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table "recognized" with the corrections in it, and what they changed. pages: a table "pages".

    Corrected pages have probability 1 for what is kept; boxes that were removed are there, not kept. The second table
    has a row per corrected page: `image_id`, and how many characters are `confirmed`, `changed`, `added`, `removed`.
    Boxes that extend beyond the page are clipped. Raises one `InputError` for all that lie outside.
    """
    sizes = dict(zip(pages["image_id"], map(Size, pages["width"], pages["height"]), strict=True))
    labels = {
        image_id: clip_boxes(found, *sizes[image_id])
        for image_id, found in corrections.items()
        if not isinstance(found, Text)
    }
    if outside := [f"{image_id}: {text}" for image_id, (_, problems) in labels.items() for text in problems]:
        raise InputError(
            f"Problems with the corrections ({len(outside)}); correct them, or take them out if they are of scans of "
            "another size:\n" + "\n".join(outside)
        )
    by_page = dict(list(recognized.groupby("image_id")))
    parts, report = [recognized[~recognized["image_id"].isin(list(corrections))]], []
    for image_id, correction in sorted(corrections.items()):
        boxes = by_page.get(image_id, recognized.iloc[:0]).reset_index(drop=True)
        if isinstance(correction, Text):
            rows = _by_text(boxes, correction, sizes[image_id])
        else:
            rows = _by_boxes(boxes, labels[image_id][0])
        corrected, counts = _corrected(image_id, boxes, rows)
        parts.append(corrected)
        report.append({"image_id": image_id, **counts})
    table = concat_tables(parts, "recognized")[recognized.columns]
    return table.astype(recognized.dtypes), pd.DataFrame(report, columns=["image_id", *COUNTS])


def _by_boxes(boxes: pd.DataFrame, labels: list[tuple]) -> pd.DataFrame:
    """Of every label: the `row` of its box, or -1 for a new one, its `codepoint` and its corners."""
    places = np.array([(x, y, x + width, y + height) for _, x, y, width, height in labels], dtype=int).reshape(-1, 4)
    row = np.full(len(labels), -1)
    if len(boxes) and len(labels):
        shared = _overlap(places, boxes[CORNERS].to_numpy(float))
        own, other = linear_sum_assignment(-shared)
        same = shared[own, other] >= _SAME
        row[own[same]] = other[same]
    return _rows(row, [label[0] for label in labels], places)


def _rows(row: Sequence[int], codepoints: Sequence[str], corners: Sequence) -> pd.DataFrame:
    places = pd.DataFrame(np.array(corners, dtype=int).reshape(-1, 4), columns=CORNERS)
    return places.assign(row=np.array(row, dtype=int), codepoint=np.array(codepoints, dtype=object))


def _overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (n, 4) and (m, 4), (n, m)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    return shared / (area[0][:, None] + area[1][None, :] - shared)


def _by_text(boxes: pd.DataFrame, text: Text, size: Size) -> pd.DataFrame:
    """As `_by_boxes`, from a text in reading order, which is aligned with what was read.

    Lines that were not found are columns if all is then read in the order of the text, which need not break its lines
    where columns end, and for which there may be no room.
    """
    kept = _in_order(boxes[boxes["kept"].astype(bool)], text)
    found = [_aligned(kept, written(text.text), size, apart) for apart in (True, False)]
    return min(found, key=lambda rows: _disorder(rows, text))  # of equal ones the first


def _in_order(boxes: pd.DataFrame, text: Text) -> pd.DataFrame:
    ordered = reading_order(boxes)
    return ordered.sort_values(["block", "line"], kind="stable") if text.by_line else ordered


def _disorder(rows: pd.DataFrame, text: Text) -> int:
    """How many characters would be read elsewhere than where they stand in the text."""
    return Levenshtein.distance(_in_order(rows[CORNERS], text).index.tolist(), range(len(rows)))


def _aligned(kept: pd.DataFrame, wanted: list[Written], size: Size, apart: bool) -> pd.DataFrame:
    """The rows for the characters `wanted` in place of those `kept`, which are in reading order.

    Characters that are the same in Unicode's form NFC keep the codepoint that was read.
    """
    read = [normalize(character(name)) for name in kept["codepoint"]]
    compared = [normalize(one.character) for one in wanted]
    row, codepoints, corners = [], [], []
    for kind, start, end, first, last in Levenshtein.opcodes(read, compared):
        names = [f"U+{ord(one.character):04X}" for one in wanted[first:last]]
        if kind == "insert":
            row += [-1] * len(names)
            ended = last == len(wanted) or wanted[last].begins
            corners += insert(kept, start, wanted[first:last], ended, size, apart).tolist()
        elif kind != "delete":
            row += kept.index[start:end].tolist()
            corners += kept[CORNERS].to_numpy(int)[start:end].tolist()
        if kind == "equal":
            same = [one.character == plain for one, plain in zip(wanted[first:last], compared[first:last], strict=True)]
            names = np.where(same, kept["codepoint"].iloc[start:end], names).tolist()
        codepoints += names
    return _rows(row, codepoints, corners)


def _corrected(image_id: str, boxes: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    old, new = rows[rows["row"] >= 0].set_index("row"), rows[rows["row"] < 0]
    was_kept = boxes["kept"].to_numpy(bool)
    of_old = boxes.loc[old.index]
    restored = int((~was_kept[old.index]).sum())
    changed = int((was_kept[old.index] & (of_old["codepoint"] != old["codepoint"]).to_numpy()).sum())
    table = boxes.assign(kept=boxes.index.isin(old.index))
    table.loc[~table["kept"], "keep_probability"] = 0.0
    table.loc[old.index, ["probability", "keep_probability"]] = 1.0
    table.loc[old.index, "codepoint"] = old["codepoint"]
    moved = old[(of_old[CORNERS] != old[CORNERS]).any(axis=1)]
    table.loc[moved.index, "detector"] = BY_HAND  # no detector's box, of which there are predictions
    table.loc[moved.index, CORNERS] = moved[CORNERS]
    first = int(boxes["box"].max()) + 1 if len(boxes) else 0
    added = new[[*CORNERS, "codepoint"]].assign(
        image_id=image_id,
        box=first + np.arange(len(new)),
        detector=BY_HAND,
        kept=True,
        detector_score=1.0,
        probability=1.0,
        keep_probability=1.0,
    )
    counts = (len(old) - changed - restored, changed, len(new) + restored, int(was_kept.sum()) - len(old) + restored)
    return concat_tables([table, added], "recognized"), dict(zip(COUNTS, counts, strict=True))
