"""Corrections by people, boxes and characters or texts alone, in place of what was read on a page.

Characters of a text keep the boxes of those that were read; new ones stand between their neighbors.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein
from scipy.optimize import linear_sum_assignment

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import BY_HAND
from kuzushiji.pages.corrections import Correction, Text
from kuzushiji.text.reading_order import reading_order
from kuzushiji.text.transcriptions import written

_SAME = 0.5  # boxes that overlap at least so much, intersection over union, are one


def correct(recognized: pd.DataFrame, corrections: Mapping[str, Correction]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table "recognized" with the corrections in it, and what they changed.

    Corrected pages have probability 1 for what is kept; boxes that were removed are there, not kept. The second table
    has a row per corrected page: `image_id`, and how many characters are `confirmed`, `changed`, `added`, `removed`.
    """
    pages, report = [recognized[~recognized["image_id"].isin(list(corrections))]], []
    for image_id, correction in sorted(corrections.items()):
        boxes = recognized[recognized["image_id"] == image_id].reset_index(drop=True)
        rows = _by_text(boxes, correction) if isinstance(correction, Text) else _by_boxes(boxes, correction)
        corrected, counts = _corrected(image_id, boxes, rows)
        pages.append(corrected)
        report.append({"image_id": image_id, **counts})
    table = pd.concat([page for page in pages if len(page)] or pages, ignore_index=True)[recognized.columns]
    return table.astype(recognized.dtypes), pd.DataFrame(report)


def _by_boxes(boxes: pd.DataFrame, labels: list[tuple]) -> list[tuple[int, str, np.ndarray]]:
    """Of every label: its box's row, or -1 for a new one, its codepoint and its corners."""
    places = np.array([(x, y, x + width, y + height) for _, x, y, width, height in labels], dtype=int).reshape(-1, 4)
    row = np.full(len(labels), -1)
    if len(boxes) and len(labels):
        shared = _overlap(places, boxes[CORNERS].to_numpy(float))
        own, other = linear_sum_assignment(-shared)
        same = shared[own, other] >= _SAME
        row[own[same]] = other[same]
    return [(int(at), label[0], place) for at, label, place in zip(row, labels, places, strict=True)]


def _overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes (n, 4) and (m, 4), (n, m)."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    return shared / (area[0][:, None] + area[1][None, :] - shared)


def _by_text(boxes: pd.DataFrame, text: Text) -> list[tuple[int, str, np.ndarray]]:
    """As `_by_boxes`, from a text in reading order, which is aligned with what was read."""
    kept = reading_order(boxes[boxes["kept"].astype(bool)])
    if text.by_line:
        kept = kept.sort_values(["block", "line"], kind="stable")
    read = "".join(map(character, kept["codepoint"]))
    wanted = "".join(mark.character for mark in written(text.text))
    corners = kept[CORNERS].to_numpy(int)
    rows = []
    for kind, start, _, first, last in Levenshtein.opcodes(read, wanted):
        for number, mark in enumerate(wanted[first:last]):
            name = f"U+{ord(mark):04X}"
            if kind == "insert":
                rows.append((-1, name, _between(corners, start, number, last - first)))
            else:
                rows.append((int(kept.index[start + number]), name, corners[start + number]))
    return rows


def _between(corners: np.ndarray, at: int, number: int, count: int) -> np.ndarray:
    """The corners of the `number`-th of `count` new characters before the box `at` in reading order."""
    if not len(corners):
        raise InputError("a page on which nothing was read has no place for a text; draw its boxes in the viewer")
    beside = corners[max(0, at - 1)]
    height = beside[3] - beside[1]
    top = beside[3] if at else max(0, beside[1] - height)
    below = corners[at] if at < len(corners) else None
    same = at > 0 and below is not None and below[0] < beside[2] and below[2] > beside[0] and below[1] > beside[1]
    room = max(count, below[1] - top) if same else height * (count if at else 1)
    step = room / count
    return np.array(
        [beside[0], top + number * step, beside[2], max(top + (number + 1) * step, top + number * step + 1)]
    )


def _corrected(image_id: str, boxes: pd.DataFrame, rows: list[tuple]) -> tuple[pd.DataFrame, dict[str, int]]:
    old = {row: (codepoint, corners) for row, codepoint, corners in rows if row >= 0}
    new = [(codepoint, corners) for row, codepoint, corners in rows if row < 0]
    was_kept = boxes["kept"].to_numpy(bool)
    changed = [row for row, (codepoint, _) in old.items() if was_kept[row] and boxes["codepoint"][row] != codepoint]
    restored = [row for row in old if not was_kept[row]]
    table = boxes.copy()
    table["kept"] = table.index.isin(list(old))
    table.loc[~table["kept"], "keep_probability"] = 0.0
    for row, (codepoint, corners) in old.items():
        table.loc[row, ["codepoint", "probability", "keep_probability"]] = [codepoint, 1.0, 1.0]
        if (boxes.loc[row, CORNERS].to_numpy(int) != np.round(corners)).any():
            table.loc[row, "detector"] = BY_HAND  # no detector's box, of which there are predictions
            table.loc[row, CORNERS] = np.round(corners).astype(int)
    first = int(boxes["box"].max()) + 1 if len(boxes) else 0
    added = pd.DataFrame(
        [
            {"image_id": image_id, "box": first + number, "codepoint": codepoint, "detector": BY_HAND, "kept": True}
            | dict.fromkeys(["detector_score", "probability", "keep_probability"], 1.0)
            | dict(zip(CORNERS, np.round(corners).astype(int), strict=True))
            for number, (codepoint, corners) in enumerate(new)
        ]
    )
    counts = {
        "confirmed": len(old) - len(changed) - len(restored),
        "changed": len(changed),
        "added": len(new) + len(restored),
        "removed": int(was_kept.sum()) - len(old) + len(restored),
    }
    return pd.concat([part for part in (table, added) if len(part)] or [table], ignore_index=True), counts
