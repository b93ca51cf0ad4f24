"""TEI P5, for editions: a document a book, text and facsimile, after the conventions of NDL's readers of old books.

A page begins with `pb`, a column with `lb`: `n` is its page and number, `corresp` its zone in the facsimile. Ruby is
`ruby` with `rb` and `rt`, a note in two lines `note` of the type warichu with a `seg` for each line.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from lxml import etree
from lxml.builder import ElementMaker

from kuzushiji.common.files import replacing
from kuzushiji.text.transcripts import Block, Line, Transcript, by_book, columns, extent, ruby_by_base

NAMESPACE = "http://www.tei-c.org/ns/1.0"
_ID = "{http://www.w3.org/XML/1998/namespace}id"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_E = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE})


def write_tei(pages: Iterable[Transcript], folder: Path) -> None:
    """Write `folder/{book}.xml` for every book."""
    folder.mkdir(parents=True, exist_ok=True)
    for book, of_book in by_book(pages):
        with replacing(folder / f"{book}.xml") as partial:
            partial.write_bytes(tei(book, of_book))


def tei(book: str, pages: list[Transcript]) -> bytes:
    """The pages of a book as TEI, UTF-8."""
    numbered = list(enumerate(pages, start=1))
    blocks = [block for number, page in numbered for block in _page(number, page)]
    text = _E.text(_E.body(*blocks), {_LANGUAGE: "ja"})
    facsimile = _E.facsimile(*(_surface(number, page) for number, page in numbered))
    header = _header(book)
    changes = [_E.change("corrected by hand", target=f"#page-{number}") for number, page in numbered if page.corrected]
    if changes:
        header.append(_E.revisionDesc(*changes))
    root = _E.TEI(header, text, facsimile)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _header(book: str) -> etree._Element:
    who = _E.respStmt(_E.resp("Automated Transcription"), _E.name("kuzushiji"))
    return _E.teiHeader(
        _E.fileDesc(
            _E.titleStmt(_E.title(book), who),
            _E.publicationStmt(_E.p("Read by machine from images of the pages; not published.")),
            _E.sourceDesc(_E.p(f"Images of the pages of {book}")),
        )
    )


def _surface(number: int, page: Transcript) -> etree._Element:
    lines = [line for block in page.blocks for line in block.lines]
    return _E.surface(
        _E.graphic(url=quote(page.file), width=f"{page.width}px", height=f"{page.height}px"),
        *(_E.zone({_ID: _zone(number, line)}, **_place(extent(line.glyphs))) for line in lines),
        {_ID: f"page-{number}"},
        **_place((0, 0, page.width, page.height)),
    )


def _place(corners: tuple[int, int, int, int]) -> dict[str, str]:
    return dict(zip(("ulx", "uly", "lrx", "lry"), map(str, corners), strict=True))


def _zone(page: int, line: Line) -> str:
    return f"zone-{page}-{line.number + 1}"


def _page(number: int, page: Transcript) -> Iterator[etree._Element]:
    """A paragraph for each block; the first one begins with the page."""
    begin = [_E.pb(n=str(number), facs=quote(page.file), corresp=f"#page-{number}")]
    column = 0
    for block in page.blocks or [Block(0, [])]:
        parts: list = begin
        ruby = ruby_by_base(block.lines)
        for lines in columns(block):
            column += 1
            parts += ["\n", _E.lb(n=f"{number}.{column}", type="line", corresp=f"#{_zone(number, lines[0])}")]
            parts += _column(number, lines, ruby)
        yield _E.p(*parts)
        begin = []


def _column(number: int, lines: list[Line], ruby: dict[int, Line]) -> Iterator[etree._Element | str]:
    """The text of a column; the two lines of a note come together."""
    note = []
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        parts = list(_line(number, line, ruby))
        if line.role == "note":
            note.append(_E.seg(*parts, corresp=f"#{_zone(number, line)}"))
            if after is None or after.role != "note":
                yield _E.note(*note, type="warichu", place="inline")
                note = []
        else:
            yield from parts


def _line(number: int, line: Line, ruby: dict[int, Line]) -> Iterator[etree._Element | str]:
    for glyph in line.glyphs:
        if glyph.box in ruby:
            beside = ruby[glyph.box]
            yield _E.ruby(_E.rb(glyph.text), _E.rt(beside.text, corresp=f"#{_zone(number, beside)}"))
        else:
            yield glyph.text
