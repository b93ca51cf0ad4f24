"""Fonts for web pages, reduced to the characters of a page, so that any computer can show them."""

import io
import logging
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from kuzushiji.common.fonts import font_with

logging.getLogger("fontTools").setLevel(logging.WARNING)  # it logs every glyph


def web_fonts(characters: Iterable[str], fonts: Iterable[Path]) -> list[bytes]:
    """WOFF files with all of `characters`: one for each of the `fonts` that are needed, the most used first.

    They include forms for vertical writing. Characters that no font has are logged.
    """
    fonts = tuple(sorted(fonts))
    chosen = defaultdict(list)
    for character in sorted(set(characters)):
        chosen[font_with(character, fonts)].append(character)
    if missing := chosen.pop(None, []):
        names = " ".join(f"U+{ord(character):04X}" for character in missing)
        logging.warning("no font of resources/fonts has %s: run `bash envs/fonts.sh`", names)
    return [_subset(font, chosen[font]) for font in sorted(chosen, key=lambda font: (-len(chosen[font]), font))]


def _subset(font: Path, characters: list[str]) -> bytes:
    options = subset.Options(flavor="woff", hinting=False)
    options.drop_tables += ["FFTM"]  # FontForge's time stamps
    with TTFont(font, fontNumber=0, lazy=True, recalcTimestamp=False) as opened:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(characters))
        subsetter.subset(opened)
        file = io.BytesIO()
        subset.save_font(opened, file, options)
    return file.getvalue()
