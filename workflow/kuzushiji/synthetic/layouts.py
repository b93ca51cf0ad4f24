"""Layouts of real pages, as tables of boxes with codepoints, for drawn pages to follow."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from kuzushiji.common.codepoints import character, is_codepoint
from kuzushiji.common.errors import InputError
from kuzushiji.text.columns import find_columns

_NEEDED = ["image_id", "codepoint", "x", "y", "width", "height"]
_LEAST_BOXES = 12  # of a page that is worth following


class Place(NamedTuple):
    """A character of a layout, and the box that its ink fills."""

    text: str
    x: float
    y: float
    width: float
    height: float


Layout = list[list[Place]]  # columns from the right, each from the top


def read_layouts(path: Path) -> list[Layout]:
    """The pages of a Parquet table of boxes (`image_id, codepoint, x, y, width, height`), sorted by id.

    Every page is scaled to a median box width of 1 and moved so that its boxes begin at (0, 0). Pages of fewer than 12
    boxes are left out. Raises `InputError` if the file cannot be read, lacks a column, has something else in place of
    a codepoint, or holds no such page.
    """
    try:
        table = pd.read_parquet(path, columns=_NEEDED)
    except Exception as error:  # pyarrow raises errors of several kinds
        raise InputError(f"{path}: no table of boxes ({error}); it needs {', '.join(_NEEDED)}") from error
    wrong = [name for name in table["codepoint"].unique() if not (isinstance(name, str) and is_codepoint(name))]
    if wrong:
        raise InputError(f"{path}: codepoint: {wrong[0]!r} is none; write あ as U+3042, with capital letters")
    layouts = [_columns(page) for _, page in table.groupby("image_id") if len(page) >= _LEAST_BOXES]
    if not layouts:
        raise InputError(f"{path}: no page has {_LEAST_BOXES} boxes; name another table of layouts")
    return layouts


def _columns(page: pd.DataFrame) -> Layout:
    corner = page[["x", "y"]].to_numpy(float)
    size = page[["width", "height"]].to_numpy(float)
    unit = np.median(size[:, 0])
    corner, size = (corner - corner.min(axis=0)) / unit, size / unit
    texts = [character(codepoint) for codepoint in page["codepoint"]]
    number = find_columns(np.hstack([corner, corner + size]))
    places = [Place(text, *xy, *wh) for text, xy, wh in zip(texts, corner.tolist(), size.tolist(), strict=True)]
    columns = [[places[row] for row in np.flatnonzero(number == column)] for column in range(number.max() + 1)]
    return [sorted(column, key=lambda place: place.y) for column in columns if column]
