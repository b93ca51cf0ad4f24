"""Characters by their codepoints, written as the competition writes them: `U+3042` is `あ`."""

import re

_CODEPOINT = re.compile(r"U\+[0-9A-F]{4,6}")


def is_codepoint(name: str) -> bool:
    """Whether `name` is a codepoint that a character can have: Unicode ends at U+10FFFF, and surrogates are none."""
    if not _CODEPOINT.fullmatch(name):
        return False
    number = int(name[2:], 16)
    return number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF


def character(codepoint: str) -> str:
    """The character of a codepoint for which `is_codepoint` holds."""
    return chr(int(codepoint.removeprefix("U+"), 16))
