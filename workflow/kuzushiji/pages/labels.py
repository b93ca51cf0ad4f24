"""Labels in the competition's layout: `image_id,labels`, where labels are runs of `codepoint x y width height`."""

import csv
import os
import re

import pandas as pd

from kuzushiji.common.codepoints import is_codepoint

_FIELDS = 5  # values per box in a run


def read_labels(path: str | os.PathLike) -> tuple[dict[str, list[tuple]], list[str]]:
    """The boxes of every page, and all problems of the file.

    Returns `{image_id: [(codepoint, x, y, width, height), ...]}` in pixels, and the problems, each with file and row.
    Malformed rows are left out.
    """
    boxes, problems = {}, []
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        if header != ["image_id", "labels"]:
            return {}, [f"{path}: row 1: the columns must be `image_id,labels`, not `{','.join(header)}`"]
        for number, row in enumerate(rows, start=2):
            place = f"{path}: row {number}"
            if not row:
                continue
            if len(row) != 2 or not row[0]:
                problems.append(f"{place}: needs the two values `image_id,labels`, has {len(row)}")
            elif row[0] in boxes:
                problems.append(f"{place}: {row[0]} has a row already; a page's boxes belong in one row")
            else:
                boxes[row[0]], wrong = _parse_run(row[1])
                problems += [f"{place}: {row[0]}: {text}" for text in wrong]
    return boxes, problems


def _parse_run(run: str) -> tuple[list[tuple], list[str]]:
    values = run.split()
    if len(values) % _FIELDS:
        return [], [f"{len(values)} values are no run of `codepoint x y width height`"]
    boxes, problems = [], []
    for start in range(0, len(values), _FIELDS):
        codepoint, *numbers = values[start : start + _FIELDS]
        text = " ".join(values[start : start + _FIELDS])
        if not is_codepoint(codepoint):
            problems.append(f"`{text}`: {codepoint} is no codepoint such as U+3042")
        elif not all(re.fullmatch(r"-?\d+", number) for number in numbers):
            problems.append(f"`{text}`: x, y, width and height must be whole pixels")
        elif int(numbers[2]) < 1 or int(numbers[3]) < 1:
            problems.append(f"`{text}`: the box has no area")
        else:
            boxes.append((codepoint, *map(int, numbers)))
    return boxes, problems


def truth_table(boxes: dict[str, list[tuple]]) -> pd.DataFrame:
    """The boxes as a table "truth" with their corners, one row per box."""
    rows = [
        (image_id, number, x, y, x + width, y + height, codepoint)
        for image_id, page in boxes.items()
        for number, (codepoint, x, y, width, height) in enumerate(page)
    ]
    return pd.DataFrame(rows, columns=["image_id", "box", "x_min", "y_min", "x_max", "y_max", "codepoint"])
