"""Characters by their codepoints, written as the competition writes them: `U+3042` is `あ`."""

import re
from pathlib import Path

from kuzushiji.common.errors import InputError

_CODEPOINT = re.compile(r"U\+([0-9A-F]{4}|[1-9A-F][0-9A-F]{4}|10[0-9A-F]{4})")
# Names or numbers of characters, such as `U+3042`, `0x3042` or `12354`; a digit alone is a character itself.
_NAMES = re.compile(r"[0-9]{0,6}[A-Za-z,][!-~]{0,12}|(?<!\S)[0-9]{4,6}(?!\S)")


def is_codepoint(name: str) -> bool:
    """Whether `name` is a codepoint that a character can have, written in the one way that Unicode has for it.

    Unicode ends at U+10FFFF. Surrogates, control characters, and the codepoints that stand for no character (U+FDD0 to
    U+FDEF, and the last two of every plane) are none; XML could not hold most of them.
    """
    if not _CODEPOINT.fullmatch(name):
        return False
    number = int(name[2:], 16)
    control = number < 0x20 or 0x7F <= number < 0xA0
    surrogate = 0xD800 <= number <= 0xDFFF
    return not (control or surrogate or 0xFDD0 <= number <= 0xFDEF or number & 0xFFFE == 0xFFFE)


def character(codepoint: str) -> str:
    """The character of a codepoint for which `is_codepoint` holds."""
    return chr(int(codepoint.removeprefix("U+"), 16))


def read_charset(file: Path) -> str:
    """The characters of a UTF-8 text file, in its order, each once.

    Raises `InputError` for another file, and for one that names characters, as tables do: Latin letters stand for no
    character of an old book.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")  # without the mark that some editors begin a file with
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: no UTF-8 text of characters ({error}); restore it") from error
    named = _NAMES.search(text)
    if named:
        raise InputError(
            f"{file}: holds `{named.group()}`; it has to hold the characters themselves, one after the other, without "
            "Latin letters and commas, as resources/layouts/charset.txt does"
        )
    return "".join(dict.fromkeys("".join(text.split())))
