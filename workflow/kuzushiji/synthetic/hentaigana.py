"""Other shapes of a kana: the hentaigana fonts' glyphs, and the kanji that kana are the cursive forms of.

Until 1900 a syllable was written in any of several shapes, each the cursive form of a kanji, its parent: a cursive font
that draws the kanji 者 draws a shape of は. A voiced kana is its plain kana with a mark.
"""

import csv
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from kuzushiji.common.errors import InputError
from kuzushiji.common.fonts import has_ink

HENTAIGANA_FONTS = ("yuji-hentaigana-akebono",)
MARKS = {"\u3099": "voiced", "\u309a": "semivoiced"}  # combining, as in Unicode's form NFD


class Shape(NamedTuple):
    """What a kana is drawn as: `text` in `font`, or the book's own if that is None.

    `mark` is `voiced`, `semivoiced` or empty.
    """

    text: str
    font: Path | None
    mark: str


def read_parents(path: Path) -> dict[str, str]:
    """The parent kanji of every plain hiragana, from a table `kana,parents`. Raises `InputError` for another file."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return {row["kana"]: row["parents"] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise InputError(f"{path}: no table `kana,parents` in UTF-8 ({error!r}); restore it") from error


def shapes(parents: dict[str, str], font: Path, fonts: Iterable[Path]) -> dict[str, list[Shape]]:
    """The other shapes of every hiragana, the voiced ones too, that the book's `font` or a hentaigana font draws."""
    special = [path for path in fonts if path.stem.lower() in HENTAIGANA_FONTS]
    found: dict[str, list[Shape]] = {}
    for kana, kanji in parents.items():
        own = [Shape(text, None, "") for text, ink in zip(kanji, has_ink(font, kanji), strict=True) if ink]
        found[kana] = [Shape(kana, path, "") for path in special if has_ink(path, kana)[0]] + own
        for combining, mark in MARKS.items():
            voiced = unicodedata.normalize("NFC", kana + combining)
            if len(voiced) == 1:
                plain = Shape(kana, None, mark)
                found[voiced] = [plain, *(shape._replace(mark=mark) for shape in found[kana])]
    return found
