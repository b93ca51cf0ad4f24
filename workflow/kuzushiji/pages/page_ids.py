"""Pages, and what their ids say: all that jobs need of page sets, whose listing they do not depend on."""

import re
import zlib
from collections.abc import Collection
from typing import NamedTuple


class Page(NamedTuple):
    image_id: str
    book: str
    image_set: str
    chunk: int
    path: str


def book_of(image_id: str) -> str:
    """The book of a page id: its leading digits or letters, else the whole id.

    `200015779_00053_2` → `200015779`, `brsk001-002` → `brsk`.
    """
    match = re.match(r"\d+|[a-z]+", image_id)
    return match.group() if match else image_id


def say_books(image_ids: Collection[str]) -> bool:
    """Whether these ids say their books (`book_of`), all of them, as those of the competition do."""
    return bool(image_ids) and all(re.match(r"\d{9}[_-]|[a-z]+\d{3}-", image_id) for image_id in image_ids)


def chunk_of(image_id: str, chunks: int) -> int:
    """The chunk of a page, which does not depend on other pages."""
    return zlib.crc32(image_id.encode()) % chunks


def synthetic_ids(settings: dict) -> list[str]:
    """The ids of the pages of a `synthetic` section: `{book}{volume}-{page}`, with pages from 1."""
    return [
        f"{book}{settings['volume']:03d}-{page:03d}"
        for book, style in settings["books"].items()
        for page in range(1, style["pages"] + 1)
    ]
