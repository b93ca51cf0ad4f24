"""The text of a page as a tree of blocks, lines and characters, from which all text formats are written."""

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.tables import in_page_order, read_table


class Glyph(NamedTuple):
    """A character, with corners in pixels of the page, and `alternatives`, codepoints and probabilities, best first."""

    box: int
    codepoint: str
    corners: tuple[int, int, int, int]
    probability: float
    alternatives: list[tuple[str, float]]

    @property
    def text(self) -> str:
        return character(self.codepoint)


class Line(NamedTuple):
    """Text without a break. `base`: for ruby, the box of its character."""

    number: int
    column: int
    role: str  # text, ruby or note
    base: int | None
    glyphs: list[Glyph]

    @property
    def text(self) -> str:
        return "".join(glyph.text for glyph in self.glyphs)


class Block(NamedTuple):
    number: int
    lines: list[Line]


class Transcript(NamedTuple):
    """The text of a page, whose image lies at `path`; `corrected`: by people.

    `confidence` is that of `text.confidence`, from 0 to 1, and `note` why it is low; None where nobody asked.
    """

    image_id: str
    book: str
    path: str
    width: int
    height: int
    blocks: list[Block]
    corrected: bool = False
    confidence: float | None = None
    note: str = ""

    @property
    def file(self) -> str:
        return Path(self.path).name


def read_transcripts(tables: Mapping[str, str | os.PathLike]) -> Iterator[Transcript]:
    """`transcripts` of the tables at the paths `ordered`, `alternatives` and `pages`, marked by that at `corrected`.

    With the confidences of the table at `confidence`, if there is one.
    """
    corrected = corrected_pages(tables["corrected"])
    rated = read_confidence(tables["confidence"]) if tables.get("confidence") else None
    for page in transcripts(*(read_table(tables[kind], kind) for kind in ("ordered", "alternatives", "pages"))):
        page = page._replace(corrected=page.image_id in corrected)
        yield page if rated is None else with_confidence(page, rated)


def read_confidence(path: str | os.PathLike) -> pd.DataFrame:
    """The table that `text.confidence` made, by `image_id`."""
    return pd.read_csv(path, dtype={"image_id": str, "book": str}, keep_default_na=False).set_index("image_id")


def with_confidence(page: Transcript, rated: pd.DataFrame) -> Transcript:
    """The page with its confidence of the table `rated`, as `read_confidence` gives it."""
    row = rated.loc[page.image_id]
    return page._replace(confidence=float(row["confidence"]), note=row["note"])


def corrected_pages(path: str | os.PathLike | None) -> set[str]:
    """The ids in the table of corrected pages that `text.correct` made, of which there may be none."""
    return set(pd.read_csv(path, dtype={"image_id": str}, keep_default_na=False)["image_id"]) if path else set()


def transcripts(ordered: pd.DataFrame, alternatives: pd.DataFrame, pages: pd.DataFrame) -> Iterator[Transcript]:
    """The transcript of every page of the table `pages`, in `page_order`, from tables of these kinds.

    Corners are clipped to the page, probabilities to [0, 1].
    """
    boxes = ordered.merge(alternatives, on=["image_id", "box"], how="left", validate="one_to_one")
    boxes["probability"] = boxes["probability"].clip(0, 1)
    boxes = boxes.sort_values(["image_id", "position"], ignore_index=True)
    by_page = dict(list(boxes.groupby("image_id")))
    for page in in_page_order(pages).itertuples():
        found = by_page.get(page.image_id, boxes.iloc[:0])
        found = found.assign(**found[CORNERS].clip(0, [page.width, page.height] * 2, axis=1))
        yield Transcript(page.image_id, page.book, page.path, int(page.width), int(page.height), _blocks(found))


def by_book(pages: Iterable[Transcript]) -> Iterator[tuple[str, list[Transcript]]]:
    """Every book with its pages, in their order."""
    for book, found in groupby(sorted(pages, key=lambda page: page.book), key=lambda page: page.book):
        yield book, list(found)


def _blocks(boxes: pd.DataFrame) -> list[Block]:
    ruby = boxes["role"] == "ruby"  # ruby follows its character
    boxes = boxes.assign(base=boxes["box"].mask(ruby).ffill().where(ruby, -1))
    return [
        Block(int(number), [_line(int(line), part) for line, part in block.groupby("line")])
        for number, block in boxes.groupby("block")
    ]


def _line(number: int, boxes: pd.DataFrame) -> Line:
    first = boxes.iloc[0]
    glyphs = [
        Glyph(
            int(row.box),
            row.codepoint,
            (int(row.x_min), int(row.y_min), int(row.x_max), int(row.y_max)),
            float(row.probability),
            [
                (name, float(min(max(share, 0), 1)))
                for name, share in zip(row.codepoints, row.probabilities, strict=True)
            ],
        )
        for row in boxes.itertuples()
    ]
    return Line(number, int(first["column"]), first["role"], int(first["base"]) if first["base"] >= 0 else None, glyphs)


def ruby_by_base(lines: Iterable[Line]) -> dict[int, Line]:
    """The lines of ruby by the box of their character."""
    return {line.base: line for line in lines if line.role == "ruby" and line.base is not None}


def columns(block: Block) -> Iterator[list[Line]]:
    """The lines of each column of a block in reading order, without ruby."""
    main = [line for line in block.lines if line.role != "ruby"]
    for _, lines in groupby(main, key=lambda line: line.column):
        yield list(lines)


def extent(glyphs: list[Glyph]) -> tuple[int, int, int, int]:
    """The corners of the smallest rectangle around the glyphs."""
    left, top, right, bottom = zip(*(glyph.corners for glyph in glyphs), strict=True)
    return min(left), min(top), max(right), max(bottom)


def glyphs_of(block: Block) -> list[Glyph]:
    """All characters of a block."""
    return [glyph for line in block.lines for glyph in line.glyphs]


def confidence(glyphs: list[Glyph]) -> float:
    """The mean probability of the glyphs' characters."""
    return sum(glyph.probability for glyph in glyphs) / len(glyphs)


def others(glyph: Glyph) -> list[tuple[str, float]]:
    """The alternatives without the recognized character."""
    return [(name, share) for name, share in glyph.alternatives if name != glyph.codepoint]
