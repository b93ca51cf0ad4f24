"""Files of corrections.

A file of labels, as the viewer exports it, says all boxes of the pages that it has. Texts say the characters of pages:
a file of text as the viewer exports it, of the pages that it calls corrected, or a folder of `{image_id}.txt` or `.xml`
(PAGE or ALTO, as other programs give them back) and of TEI, a book a file, whose text is what stands on the page:
without what is deleted and what editors supply or note, of two readings `sic` and not `corr`, `orig` and not `reg`.
"""

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlparse

from lxml import etree

from kuzushiji.common.errors import InputError, shortened
from kuzushiji.pages.labels import read_labels

_TEI = {"tei": "http://www.tei-c.org/ns/1.0"}
_HEADING = re.compile(r"(?m)^\[(.+)\] \((.+)\)$")  # of a page in the viewer's text
# What TEI says beside the text of the page, and of several readings the one that stands there, else the first.
_BESIDE = ("supplied", "ex", "figDesc", "desc")
_OF_THE_PAGE = ("sic", "orig", "abbr", "lem")
_BREAKS = ("lb", "p", "ab", "l", "head")  # where a line begins
_BRACKETS = str.maketrans("", "", "《》〈〉")  # of ruby and notes in our texts


class Text(NamedTuple):
    """The text of a page; `by_line`: with ruby after its line, and not after its character."""

    text: str
    by_line: bool


# A page's boxes, `(codepoint, x, y, width, height)`, or its text.
Correction = list[tuple] | Text


def read_corrections(path: str | os.PathLike, known: Collection[str] | None = None) -> dict[str, Correction]:
    """The corrections of pages, by page id.

    Raises one `InputError` for all malformed rows and files and for pages that are not `known`, if these are given, or
    if there are none.
    """
    if not Path(path).exists():
        raise InputError(f"{path}: there is no such file or folder of corrections; export them from the viewer")
    found: dict[str, Correction] = {}
    if Path(path).is_dir():
        problems = []
        for file in texts_in(path):
            try:
                found |= _texts_of(file)
            except (OSError, ValueError, etree.XMLSyntaxError) as error:
                problems.append(f"{file}: cannot be read ({error}); save it as text in UTF-8, PAGE, ALTO or TEI")
    elif Path(path).suffix == ".txt":
        found, problems = _exported_text(Path(path)), []
    else:
        found, problems = read_labels(path)
    others = [] if known is None else sorted(found.keys() - set(known))
    if others:
        problems.append(f"{path}: {shortened(others)}: no such page is read; take these out, or name the pages so")
    if problems:
        raise InputError(f"Problems with the corrections ({len(problems)}):\n" + "\n".join(problems))
    if not found:
        raise InputError(f"{path}: holds no correction of any page; export checked pages from the viewer")
    return found


def read_all_corrections(
    paths: Iterable[str | os.PathLike], own: str | os.PathLike | None, known: Collection[str]
) -> dict[str, Correction]:
    """The corrections of the `known` pages in several files; of a page the last one counts.

    Others may name further pages, the file `own` may not. Raises `InputError` as `read_corrections` does.
    """
    found: dict[str, Correction] = {}
    for path in paths:
        found |= read_corrections(path, known if path == own else None)
    return {page: found[page] for page in known if page in found}


def texts_in(path: str | os.PathLike) -> list[Path]:
    """The files of corrected texts in a folder, sorted; none if `path` is a file, or is not there."""
    files = sorted(Path(path).iterdir()) if Path(path).is_dir() else []
    return [file for file in files if file.suffix in (".txt", ".xml") and not file.name.startswith(".")]


def _exported_text(file: Path) -> dict[str, Correction]:
    """The pages that are called corrected in what the viewer exports as text."""
    try:
        _, *parts = _HEADING.split(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({error}); save it as text in UTF-8") from error
    if not parts:
        raise InputError(
            f"{file}: has no page's heading, as [page] (corrected); export the text from the viewer, or put a file "
            "{page}.txt for each page into a folder"
        )
    pages = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {page: Text(text.translate(_BRACKETS), False) for page, state, text in pages if state == "corrected"}


def _texts_of(file: Path) -> dict[str, Correction]:
    """The text of a page, or of the pages of a book in TEI."""
    if file.suffix == ".txt":
        return {file.stem: Text(file.read_text(encoding="utf-8-sig").translate(_BRACKETS), False)}
    root = etree.parse(file, etree.XMLParser(resolve_entities=False, no_network=True)).getroot()
    kind = etree.QName(root).localname
    if kind == "TEI":
        return _tei_pages(root)
    if kind not in ("PcGts", "alto"):
        raise ValueError(f"{kind} is neither PAGE nor ALTO nor TEI")
    page = root.xpath("//*[local-name()='TextLine']/*[local-name()='TextEquiv'][1]/*[local-name()='Unicode']/text()")
    alto = root.xpath("//*[local-name()='TextLine']/*[local-name()='String']/@CONTENT")
    return {file.stem: Text("\n".join([*page, *alto]), True)}


def _tei_pages(root: etree._Element) -> dict[str, Correction]:
    """The pages of a TEI document, whose `pb` say by `facs` which image they are of.

    Raises `ValueError` if none does.
    """
    images = {}
    for surface in root.iterfind(".//tei:surface", _TEI):
        graphic = surface.find("tei:graphic", _TEI)
        if graphic is not None:
            name = Path(unquote(urlparse(graphic.get("url", "")).path)).stem
            images["#" + surface.get("{http://www.w3.org/XML/1998/namespace}id", "")] = name
    found: dict[str, list[str]] = {}
    lines: list[str] = []  # before the first page
    walk = etree.iterwalk(root.find(".//tei:body", _TEI), events=("start", "end", "comment", "pi"))
    for event, element in walk:
        if event == "start" and _is_beside(element):
            walk.skip_subtree()
        elif event == "start" and isinstance(element.tag, str):
            kind = etree.QName(element).localname
            if kind == "pb":
                facs = element.get("facs", "")
                lines = found.setdefault(images.get(facs) or Path(unquote(urlparse(facs).path)).stem, [])
            lines.append("\n" if kind in _BREAKS else "")
            lines.append("".join((element.text or "").split()))
        else:
            lines.append("".join((element.tail or "").split()))
    found.pop("", None)
    if not found:
        raise ValueError("no pb says by facs which page's image it is of")
    return {name: Text("".join(parts).strip(), False) for name, parts in found.items()}


def _is_beside(element: etree._Element) -> bool:
    """Whether an element of TEI is no text of the page: an editor's note, or another reading."""
    kind, parent = etree.QName(element).localname, element.getparent()
    if parent is not None and etree.QName(parent).localname in ("choice", "app"):
        named = [parent.find(f"tei:{name}", _TEI) for name in _OF_THE_PAGE]
        return element is not next((one for one in named if one is not None), parent.find("*"))
    if kind == "note":
        return element.get("type", "warichu") != "warichu" or "resp" in element.attrib
    if kind == "del":
        return etree.QName(parent).localname != "restore"
    return kind in _BESIDE
