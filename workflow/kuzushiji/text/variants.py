"""Characters that readers take for one another when they search: は and ば, 秋 and 穐, a hentaigana and its kana."""

import csv
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from kuzushiji.common.errors import InputError

_MARKS = "\u3099\u309a"  # of voiced and semivoiced kana, combining
_KANA = re.compile(r"(?:HIRAGANA|KATAKANA) LETTER (?:SMALL |ARCHAIC )?([A-Z]+)")
_HENTAIGANA = re.compile(r"HENTAIGANA LETTER ([A-Z]+(?:-[A-Z]+)*)(?:-\d+)?")  # N-MU-MO-1 is a shape of three
_ALIASES = {"\U0001b001": "HENTAIGANA LETTER E-1"}  # named otherwise before its shape was understood
_BLOCKS = [(0x3041, 0x3100), (0x31F0, 0x3200), (0xFF66, 0xFF9E), (0x1B000, 0x1B170)]


def read_kanji_variants(path: str | os.PathLike) -> list[tuple[str, str]]:
    """Pairs of kanji from a table `kanji,variant`. Raises `InputError` for another file."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return [(row["kanji"], row["variant"]) for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise InputError(f"{path}: no table `kanji,variant` in UTF-8 ({error!r}); restore it") from error


def plain_forms(character: str) -> set[str]:
    """What a character is a shape of: the plain hiragana of kana and hentaigana, else mostly itself.

    Characters for compatibility (half-width kana, 福 as U+FA1B) are shapes of what Unicode decomposes them to.
    """
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if part not in _MARKS)
    if len(plain) != 1:
        return {character}
    name = _ALIASES.get(plain) or unicodedata.name(plain, "")
    kana = _KANA.fullmatch(name) or _HENTAIGANA.fullmatch(name)
    if not kana:
        return {plain}
    try:
        return {unicodedata.lookup(f"HIRAGANA LETTER {syllable}") for syllable in kana[1].split("-")}
    except KeyError:  # of katakana alone
        return {plain}


def variants(characters: Iterable[str], kanji: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What else among `characters` people may mean by what they type: kana by their plain forms, or a pair of `kanji`.

    Every kana, kanji of the pairs and one of `characters` for which there is something has an entry, without itself.
    """
    characters = sorted(set(characters))
    shapes = defaultdict(set)
    for character in characters:
        for form in plain_forms(character):
            shapes[form].add(character)
    partners = defaultdict(set)
    for one, other in kanji:
        partners[one].add(other)
        partners[other].add(one)
    typed = {chr(code) for start, stop in _BLOCKS for code in range(start, stop)}.union(characters, partners)
    found = {}
    for character in sorted(typed):
        forms = plain_forms(character)
        forms = forms.union(*(partners[form] for form in forms if form in partners))
        meant = set().union(*(shapes[form] for form in forms if form in shapes)) - {character}
        if meant:
            found[character] = "".join(sorted(meant))
    return found
