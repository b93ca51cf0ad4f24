"""Plain text: one line per column, columns from right to left."""

from collections.abc import Collection, Iterator
from itertools import groupby
from pathlib import Path

import pandas as pd

from kuzushiji.common.codepoints import character
from kuzushiji.common.files import replacing
from kuzushiji.common.tables import in_page_order

# Ruby as in Aozora Bunko's texts, notes in two lines as in printed editions of old books.
_BRACKETS = {"text": ("", ""), "ruby": ("《", "》"), "note": ("〈", "〉")}


def page_text(boxes: pd.DataFrame) -> str:
    """The text of one page's "ordered" boxes: a line per column, an empty line between blocks.

    Ruby follows its character in 《》, notes in two lines are in 〈〉.
    """
    lines, last = [], None
    for (block, _), column in groupby(_rows(boxes), key=lambda row: (row[0], row[1])):
        lines += [""] * (last not in (None, block))
        runs = groupby(column, key=lambda row: row[2])
        lines.append("".join(_bracketed(role, "".join(row[3] for row in run)) for role, run in runs))
        last = block
    return "".join(f"{line}\n" for line in lines)


def main_text(boxes: pd.DataFrame) -> str:
    """The text of one page's "ordered" boxes without ruby, breaks and brackets, like transcriptions."""
    return "".join(row[3] for row in _rows(boxes) if row[2] != "ruby")


def _bracketed(role: str, text: str) -> str:
    before, after = _BRACKETS[role]
    return before + text + after


def _rows(boxes: pd.DataFrame) -> Iterator[tuple[int, int, str, str]]:
    boxes = boxes.sort_values("position")
    text = boxes["codepoint"].map(character)
    return zip(boxes["block"], boxes["column"], boxes["role"], text, strict=True)


def write_text(
    ordered: pd.DataFrame,
    pages: pd.DataFrame,
    confidence: pd.DataFrame,
    folder: Path,
    corrected: Collection[str] = (),
) -> None:
    """Write the text of "ordered" boxes for every page of the table `pages`.

    `folder/{image_id}.txt`: one page. `folder/books/{book}.txt`: all pages of a book, each under its `heading`, by the
    table `confidence`, which `text.transcripts.read_confidence` gives.
    """
    (folder / "books").mkdir(parents=True, exist_ok=True)
    by_page = dict(list(ordered.groupby("image_id")))
    for book, of_book in in_page_order(pages).groupby("book"):
        parts = []
        for image_id in of_book["image_id"]:
            text = page_text(by_page.get(image_id, ordered.iloc[:0]))
            with replacing(folder / f"{image_id}.txt") as partial:
                partial.write_text(text, encoding="utf-8")
            rated = confidence.loc[image_id]
            parts.append(f"{heading(image_id, rated['confidence'], rated['note'], image_id in corrected)}\n{text}")
        with replacing(folder / "books" / f"{book}.txt") as partial:
            partial.write_text("\n".join(parts), encoding="utf-8")


def heading(image_id: str, confidence: float, note: str, corrected: bool) -> str:
    """The line above a page's text: how far it can be believed, and if hardly, why; or that people corrected it."""
    if corrected:
        return f"[{image_id}] (corrected)"
    return f"[{image_id}] (confidence {confidence:.2f}{f': {note}' * bool(note)})"
