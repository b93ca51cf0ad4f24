"""Labels: a CSV file of the boxes of pages, in one of two layouts.

The competition's is `image_id,labels`, a row a page, where labels are runs of `codepoint x y width height`. The other
is a row a box: `image_id,unicode,x,y,width,height`, and `trust` if wanted; further columns are ignored. `codepoint` may
stand for `unicode`, and `x_min,y_min,x_max,y_max` for the place, as in the tables of the workflow.
"""

import os
import re
from collections.abc import Iterator

import pandas as pd

from kuzushiji.common.codepoints import is_codepoint
from kuzushiji.common.errors import InputError
from kuzushiji.common.rows import read_rows

_FIELDS = 5  # values per box in a run
_DIGITS = 100  # of a number: Python reads no more than 4,300
_COLUMNS = ["image_id", "labels"]
_PLACE = ["x", "y", "width", "height"]
_CORNERS = ["x_min", "y_min", "x_max", "y_max"]


def read_labels(path: str | os.PathLike, least_trust: int = 0) -> tuple[dict[str, list[tuple]], list[str]]:
    """The boxes of every page, and all problems of the file.

    least_trust: rows of less `trust` are left out, but not their pages; 0 takes all, and files without that column.
    Returns `{image_id: [(codepoint, x, y, width, height), ...]}` in pixels, and the problems, each with file and row.
    Malformed rows are left out.
    """
    boxes, problems = {}, []
    rows = read_rows(path)
    try:
        _, header = next(rows, ("", []))
        if header == _COLUMNS and not least_trust:
            _read_runs(rows, boxes, problems)
        elif problem := _unusable(header, least_trust):
            problems.append(f"{path}: row 1: {problem}")
        else:
            _read_table(header, rows, least_trust, boxes, problems)
    except InputError as error:  # of the file, from this row on
        problems.append(str(error))
    return boxes, problems


def _read_runs(rows: Iterator[tuple[str, list[str]]], boxes: dict[str, list[tuple]], problems: list[str]) -> None:
    for place, row in rows:
        if len(row) != 2 or not row[0]:
            problems.append(f"{place}: needs the two values `image_id,labels`, has {len(row)}")
        elif row[0] in boxes:
            problems.append(f"{place}: {row[0]} has a row already; a page's boxes belong in one row")
        else:
            boxes[row[0]], wrong = _parse_run(row[1])
            problems += [f"{place}: {row[0]}: {text}" for text in wrong]


def _unusable(header: list[str], least_trust: int) -> str:
    """What is wrong with the columns of a file."""
    named = {"unicode", "codepoint"} & set(header) and any(set(place) <= set(header) for place in (_PLACE, _CORNERS))
    if header != _COLUMNS and not (named and "image_id" in header):
        return (
            "the columns must be `image_id,labels`, or `image_id,unicode,x,y,width,height` and, if wanted, `trust`; "
            f"not `{','.join(header)}`"
        )
    if least_trust and "trust" not in header:
        return f"there is no column `trust`: remove `least_trust: {least_trust}` of the page set, or add the column"
    return ""


def _read_table(
    header: list[str],
    rows: Iterator[tuple[str, list[str]]],
    least_trust: int,
    boxes: dict[str, list[tuple]],
    problems: list[str],
) -> None:
    name = "unicode" if "unicode" in header else "codepoint"
    corners = not set(_PLACE) <= set(header)
    for place, row in rows:
        if len(row) != len(header):
            problems.append(f"{place}: needs the {len(header)} values `{','.join(header)}`, has {len(row)}")
            continue
        values = dict(zip(header, row, strict=True))
        if not values["image_id"]:
            problems.append(f"{place}: needs an image_id")
            continue
        page = boxes.setdefault(values["image_id"], [])
        trust = values.get("trust", "3") if least_trust else "3"
        box, problem = _box(values[name], [values[key] for key in (_CORNERS if corners else _PLACE)], corners)
        if not problem and not re.fullmatch("[0-3]", trust):
            problem = f"trust must be 0, 1, 2 or 3, not `{trust}`"
        if problem:
            problems.append(f"{place}: {values['image_id']}: {problem}")
        elif int(trust) >= least_trust:
            page.append(box)


def _parse_run(run: str) -> tuple[list[tuple], list[str]]:
    values = run.split()
    if len(values) % _FIELDS:
        return [], [f"{len(values)} values are no run of `codepoint x y width height`"]
    boxes, problems = [], []
    for start in range(0, len(values), _FIELDS):
        codepoint, *numbers = values[start : start + _FIELDS]
        box, problem = _box(codepoint, numbers, False)
        if problem:
            problems.append(problem)
        else:
            boxes.append(box)
    return boxes, problems


def _box(codepoint: str, numbers: list[str], corners: bool) -> tuple[tuple, str]:
    """A box of four numbers, as `corners` or as x, y, width, height, and what is wrong with it."""
    text, names = " ".join([codepoint, *numbers]), _CORNERS if corners else _PLACE
    if not is_codepoint(codepoint):
        return (), f"`{text}`: {codepoint} is no codepoint such as U+3042"
    if any(len(number) > _DIGITS for number in numbers):
        return (), f"`{text[:40]} …`: a number has more than {_DIGITS} digits"
    if not all(re.fullmatch(r"-?\d+", number) for number in numbers):
        return (), f"`{text}`: {', '.join(names[:-1])} and {names[-1]} must be whole pixels"
    x, y, width, height = map(int, numbers)
    if corners:
        width, height = width - x, height - y
    if width < 1 or height < 1:
        return (), f"`{text}`: the box has no area"
    return (codepoint, x, y, width, height), ""


def clip_boxes(boxes: list[tuple], width: int, height: int) -> tuple[list[tuple], list[str]]:
    """The boxes `(codepoint, x, y, width, height)` cut at the edges of a page, and what lies outside, in words."""
    inside, outside = [], []
    for codepoint, x, y, w, h in boxes:
        left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if left < right and top < bottom:
            inside.append((codepoint, left, top, right - left, bottom - top))
        else:
            outside.append(f"`{codepoint} {x} {y} {w} {h}` lies outside the page of {width}x{height}")
    return inside, outside


def label_runs(table: pd.DataFrame, image_ids: list[str]) -> pd.DataFrame:
    """The competition's layout: `image_id` and `labels`, a row for each of `image_ids`, from a table like "truth"."""
    runs = dict.fromkeys(image_ids, "")
    for image_id, page in table.groupby("image_id"):
        boxes = zip(*(page[name] for name in ("codepoint", *_CORNERS)), strict=True)
        runs[image_id] = " ".join(f"{name} {x} {y} {right - x} {low - y}" for name, x, y, right, low in boxes)
    return pd.DataFrame({"image_id": list(runs), "labels": list(runs.values())})


def truth_table(boxes: dict[str, list[tuple]]) -> pd.DataFrame:
    """The boxes as a table "truth" with their corners, one row per box."""
    rows = [
        (image_id, number, x, y, x + width, y + height, codepoint)
        for image_id, page in boxes.items()
        for number, (codepoint, x, y, width, height) in enumerate(page)
    ]
    return pd.DataFrame(rows, columns=["image_id", "box", "x_min", "y_min", "x_max", "y_max", "codepoint"])
