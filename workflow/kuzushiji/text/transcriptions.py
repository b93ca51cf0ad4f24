"""The known texts of pages: transcriptions, and the text of drawn pages."""

import os
import re
import unicodedata
from typing import NamedTuple

import pandas as pd

from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.rows import read_rows

# A long repeat mark is one character or two halves; one character is compared.
_HALVES = {"〳〵": "〱", "〴〵": "〲"}
# Compatibility ideographs: codepoints of their own in the competition, in whose place NFC puts others.
_COMPATIBILITY = re.compile("([\uf900-\ufaff\U0002f800-\U0002fa1f])")


class Written(NamedTuple):
    """A character that has a place of its own on the page; `begins`: it is the first of a line of the transcription."""

    character: str
    begins: bool


def read_transcriptions(path: str | os.PathLike) -> dict[str, str]:
    """The text of every page of a CSV file with the columns `image_id` and `text`; others are ignored.

    Raises `InputError` with the file and row or column if a column or value is missing, for a duplicate page, and where
    a comma or a quotation mark in a text was taken for a value's end.
    """
    texts: dict[str, str] = {}
    rows = read_rows(path)
    _, header = next(rows, ("", []))
    if missing := {"image_id", "text"} - set(header):
        raise InputError(f"{path}: row 1: a file of transcriptions needs a column {' and '.join(sorted(missing))}")
    for place, values in rows:
        row = dict(zip(header, values, strict=False))
        if not row.get("image_id") or "text" not in row:
            raise InputError(f"{place}: it needs an image_id and a text")
        if any(values[len(header) :]):
            raise InputError(f"{place}: has {len(values)} values, not {len(header)}; put a text with commas in quotes")
        if swallowed := re.search(r"\n([\w-]+),", row["text"], re.ASCII):
            raise InputError(f"{place}: a quotation mark is not closed: the row of {swallowed[1]} is part of the text")
        if row["image_id"] in texts:
            raise InputError(f"{place}: {row['image_id']} has a row already; keep one")
        texts[row["image_id"]] = row["text"]
    return texts


def normalize(text: str) -> str:
    """The text for comparison: in Unicode's form NFC, without white space, with long repeat marks as one character.

    Other marks stay as they are: 々 and 〻, or a kana and its variants, differ.
    """
    text = re.sub(r"\s+", "", unicodedata.normalize("NFC", text))
    for halves, whole in _HALVES.items():
        text = text.replace(halves, whole)
    return text


def written(text: str) -> list[Written]:
    """The characters of a text, normalized except for compatibility ideographs: no control characters, nor what only
    changes the one before (variation selectors)."""
    found = []
    for line in text.splitlines():
        parts = _COMPATIBILITY.split(line)  # every other one is such a character
        composed = "".join(part if number % 2 else normalize(part) for number, part in enumerate(parts))
        marks = [mark for mark in composed if unicodedata.category(mark) not in ("Mn", "Me", "Cf", "Cc")]
        found += [Written(mark, number == 0) for number, mark in enumerate(marks)]
    return found


def known_texts(
    pages: pd.DataFrame, truth: pd.DataFrame, transcriptions: dict[str, str], drawn: list[str]
) -> dict[str, str]:
    """The text of every page of `transcriptions`, and of the pages of the image sets `drawn`.

    The text of a drawn page consists of its true boxes, a table "truth", whose order there is right.
    """
    ids = pages.loc[pages["image_set"].isin(drawn), "image_id"]
    boxes = truth[truth["image_id"].isin(ids)].sort_values(["image_id", "box"])
    texts = {
        image_id: "".join(map(character, page["codepoint"])) for image_id, page in boxes.groupby("image_id", sort=False)
    }
    return dict.fromkeys(ids, "") | texts | transcriptions
