"""The fonts fetched at set-up, and which characters they really have."""

import logging
import zlib
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kuzushiji.common.errors import InputError

# File stems of the brush fonts that `envs/fonts.sh` may fetch.
BRUSHES = (
    "KouzanBrushFontSousyo",
    "kouzan-mouhitsu-gyosho",
    "kouzan-mouhitsu",
    "aoyagi-soseki",
    "AoyagiKouzanT",
    "yuji-boku",
    "yuji-mai",
    "yuji-syuku",
)
# Fonts for reading, in the order to try them. The first has nearly all characters, with variants of kana; the others
# have the rest: long repeat marks, rare kanji.
PLAIN = ("ipamjm", "hanamina", "hanaminb", "ipaexg")
_TEST_SIZE = 32  # pixels
_ABSENT = "\U0010ffff"  # a noncharacter: every font draws its .notdef for it


def find_font(name: str, fonts: Iterable[Path]) -> Path:
    """The file among `fonts` whose stem is `name`, in upper or lower case.

    If it is missing, another font replaces it, a brush font if possible, with a warning. A hash of `name` chooses it,
    so that the same files always give the same choice.

    Raises `InputError` if there are no fonts at all.
    """
    stems = {path.stem.lower(): path for path in sorted(map(Path, fonts))}
    if not stems:
        raise InputError("resources/fonts: there is no font; run `bash envs/fonts.sh`")
    if name.lower() in stems:
        return stems[name.lower()]
    brushes = [stems[brush.lower()] for brush in BRUSHES if brush.lower() in stems]
    others = brushes or list(stems.values())
    chosen = others[zlib.crc32(name.encode()) % len(others)]
    logging.warning("the font %s is missing, %s takes its place; run `bash envs/fonts.sh`", name, chosen.name)
    return chosen


@lru_cache(maxsize=64)
def load_font(font: Path, size: int) -> ImageFont.FreeTypeFont:
    """The font at an em of `size` pixels. Raises `InputError` if the file is not a font."""
    try:
        return ImageFont.truetype(str(font), size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as error:
        raise InputError(f"{font}: cannot be read as a font ({error}); remove it, run `bash envs/fonts.sh`") from error


def render(font: Path, character: str, size: int) -> np.ndarray:
    """The ink of one character at an em of `size` pixels: uint8, (2 * size, 2 * size), the glyph in the middle."""
    image = Image.new("L", (2 * size, 2 * size))
    ImageDraw.Draw(image).text((size, size), character, fill=255, font=load_font(font, size), anchor="mm")
    return np.asarray(image)


def trim(drawn: np.ndarray) -> np.ndarray:
    """The part of `drawn` (height, width) that has ink."""
    rows, columns = np.nonzero(drawn.max(axis=1))[0], np.nonzero(drawn.max(axis=0))[0]
    return drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def has_ink(font: Path, text: str) -> list[bool]:
    """Whether the font draws each character of `text`.

    A font's table of characters cannot be trusted, since it may list empty glyphs. So each character is drawn, and must
    leave ink, other than the font's mark for missing glyphs.
    """
    missing = render(font, _ABSENT, _TEST_SIZE)
    drawn = (render(font, character, _TEST_SIZE) for character in text)
    return [bool(glyph.max() > 127 and not np.array_equal(glyph, missing)) for glyph in drawn]


def plain_first(fonts: Iterable[Path]) -> list[Path]:
    """All `fonts` in the order to try them: fonts for reading first."""
    by_stem = {font.stem.lower(): font for font in sorted(fonts)}
    plain = [by_stem.pop(stem) for stem in PLAIN if stem in by_stem]
    return [*plain, *by_stem.values()]


@cache
def font_with(character: str, fonts: tuple[Path, ...]) -> Path | None:
    """The first of `fonts` with `character`: a plain font if one has it, else any, else None."""
    return next((font for font in plain_first(fonts) if has_ink(font, character)[0]), None)
