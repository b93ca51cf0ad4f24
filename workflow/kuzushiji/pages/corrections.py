"""Files of corrections.

A file of labels, as the viewer exports it, says all boxes of the pages that it has. A folder of texts, `{image_id}.txt`
or `.xml` (PAGE or ALTO, as other programs give them back), says the characters of these pages.
"""

import os
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from kuzushiji.common.errors import InputError, shortened
from kuzushiji.pages.labels import read_labels

_BRACKETS = str.maketrans("", "", "《》〈〉")  # of ruby and notes in our texts


class Text(NamedTuple):
    """The text of a page; `by_line`: with ruby after its line, and not after its character."""

    text: str
    by_line: bool


# A page's boxes, `(codepoint, x, y, width, height)`, or its text.
Correction = list[tuple] | Text


def read_corrections(path: str | os.PathLike, image_ids: list[str]) -> dict[str, Correction]:
    """The corrections of pages among `image_ids`, by id.

    Raises one `InputError` for all malformed rows and files, and for those of other pages.
    """
    if not Path(path).exists():
        raise InputError(f"{path}: there is no such file or folder of corrections; export them from the viewer")
    found: dict[str, Correction] = {}
    if Path(path).is_dir():
        problems = []
        for file in sorted(Path(path).iterdir()):
            if file.suffix in (".txt", ".xml") and not file.name.startswith("."):
                try:
                    found[file.stem] = _text_of(file)
                except (OSError, ValueError, etree.XMLSyntaxError) as error:
                    problems.append(f"{file}: cannot be read ({error}); save it as text in UTF-8, PAGE or ALTO")
    else:
        found, problems = read_labels(path)
    others = sorted(found.keys() - set(image_ids))
    if others:
        problems.append(f"{path}: {shortened(others)}: no such page is read; take these out, or name the pages so")
    if problems:
        raise InputError(f"Problems with the corrections ({len(problems)}):\n" + "\n".join(problems))
    if not found:
        raise InputError(f"{path}: holds no correction of any page; export checked pages from the viewer")
    return found


def _text_of(file: Path) -> Text:
    if file.suffix == ".txt":
        return Text(file.read_text(encoding="utf-8-sig").translate(_BRACKETS), False)
    root = etree.parse(file, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    page = root.xpath("//*[local-name()='TextLine']/*[local-name()='TextEquiv'][1]/*[local-name()='Unicode']/text()")
    alto = root.xpath("//*[local-name()='TextLine']/*[local-name()='String']/@CONTENT")
    if etree.QName(root).localname not in ("PcGts", "alto"):
        raise ValueError(f"{etree.QName(root).localname} is neither PAGE nor ALTO")
    return Text("\n".join([*page, *alto]), True)
