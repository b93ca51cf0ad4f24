"""The text of the drawn pages: passages of a corpus mixed with random characters."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from kuzushiji.common.errors import InputError


def read_corpus(files: Iterable[Path]) -> list[str]:
    """The kana, kanji and iteration marks of every file; other characters are left out.

    Raises `InputError` if there is no file, or if one is not UTF-8 text or has no such character.
    """
    texts = []
    for file in sorted(map(Path, files)):
        try:
            text = "".join(filter(_written, unicodedata.normalize("NFC", file.read_text(encoding="utf-8"))))
        except UnicodeDecodeError as error:
            raise InputError(f"{file}: is not UTF-8 ({error}); save it as UTF-8") from error
        if not text:
            raise InputError(f"{file}: holds no Japanese text; remove it or fill it")
        texts.append(text)
    if not texts:
        raise InputError("resources/corpus: there is no text (*.txt) to write on the pages; put one there")
    return texts


def by_rank(texts: list[str]) -> Iterator[str]:
    """All characters by rank, each once; a charset is the first ones.

    The corpus' own by frequency, then the other kana, then the kanji of JIS X 0208 (level 1, then 2).
    """
    counted = Counter("".join(texts))
    corpus = sorted(counted, key=lambda character: (-counted[character], character))
    kana = [chr(code) for code in (*range(0x3042, 0x3094), *range(0x30A2, 0x30F4))]
    cells = (bytes((row + 0xA0, cell + 0xA0)) for row in range(16, 85) for cell in range(1, 95))
    kanji = [cell.decode("euc_jp", errors="ignore") for cell in cells]
    yield from dict.fromkeys(corpus + list(filter(_written, kana)) + list(filter(None, kanji)))


def write(
    rng: np.random.Generator, texts: list[str], charset: str, first: str, random_share: float, zipf: float
) -> Iterator[str]:
    """An endless sequence of characters of `charset`.

    Passages of `texts`, without characters outside `charset`, are mixed with random characters, which are
    `random_share` of all: first those of `first`, then draws by Zipf's law, `rank ** -zipf`.
    """
    weights = np.arange(1, len(charset) + 1) ** -float(zipf)
    weights /= weights.sum()
    known = frozenset(charset)
    waiting = iter(first)
    passages = _passages(rng, ["".join(filter(known.__contains__, text)) for text in texts])
    while True:
        if rng.random() < random_share:
            yield next(waiting, None) or charset[rng.choice(len(charset), p=weights)]
        else:
            yield next(passages, None) or charset[rng.choice(len(charset), p=weights)]


def _passages(rng: np.random.Generator, texts: list[str]) -> Iterator[str]:
    """Texts in random order, each from a random place on, longer ones more often; nothing if all are empty."""
    lengths = np.array([len(text) for text in texts], dtype=float)
    while lengths.any():
        text = texts[rng.choice(len(texts), p=lengths / lengths.sum())]
        yield from text[rng.integers(len(text)) :]


def _written(character: str) -> bool:
    """Whether a character is a full-size kana, an iteration mark or a kanji."""
    name = unicodedata.name(character, "")
    kana = name.startswith(("HIRAGANA ", "KATAKANA ")) and " SMALL " not in name and "MIDDLE DOT" not in name
    return kana or name.startswith("CJK UNIFIED IDEOGRAPH") or character in "々〻"
