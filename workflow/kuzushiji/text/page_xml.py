"""PAGE XML (PRImA, version 2019-07-15), for correction and training in Transkribus, eScriptorium and OCR-D.

A block is a TextRegion, a line a TextLine with its baseline, outline and one Word, a character a Glyph with its
alternatives as further TextEquivs. Vertical writing is `readingDirection` top-to-bottom and `textLineOrder`
right-to-left. PAGE has no ruby, so lines of ruby and notes are marked in `custom`.
"""

from collections.abc import Iterable
from pathlib import Path

from lxml import etree
from lxml.builder import ElementMaker

from kuzushiji.common.codepoints import character
from kuzushiji.common.files import replacing
from kuzushiji.text.line_shape import baseline, outline, written
from kuzushiji.text.transcripts import Block, Glyph, Line, Transcript, confidence, extent, glyphs_of, others

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_SCHEMA = f"{NAMESPACE} {NAMESPACE}/pagecontent.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
# PAGE requires dates; these are fixed, so that equal results give equal files.
_NO_DATE = "1970-01-01T00:00:00Z"
_VERTICAL = {"readingDirection": "top-to-bottom", "textLineOrder": "right-to-left"}
_E = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE, "xsi": _XSI})


def write_page_xml(pages: Iterable[Transcript], folder: Path) -> None:
    """Write `folder/{image_id}.xml` for every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        with replacing(folder / f"{page.image_id}.xml") as partial:
            partial.write_bytes(page_xml(page))


def page_xml(page: Transcript) -> bytes:
    """The page as PAGE XML, UTF-8."""
    content = _E.Page(
        *_reading_order(page.blocks),
        *(_region(block) for block in page.blocks),
        imageFilename=page.file,
        imageWidth=str(page.width),
        imageHeight=str(page.height),
        primaryLanguage="Japanese",
        **({"custom": "corrected {by:hand;}"} if page.corrected else {}),
        **({} if page.confidence is None else {"conf": f"{page.confidence:.4f}"}),
        **_VERTICAL,
    )
    metadata = _E.Metadata(
        _E.Creator("kuzushiji"),
        _E.Created(_NO_DATE),
        _E.LastChange(_NO_DATE),
        _E.Comments("The dates are left at 1970, so that the same readings give the same file."),
    )
    root = _E.PcGts(metadata, content, {f"{{{_XSI}}}schemaLocation": _SCHEMA})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _reading_order(blocks: list[Block]) -> list[etree._Element]:
    if not blocks:
        return []
    order = [_E.RegionRefIndexed(index=str(block.number), regionRef=f"b{block.number}") for block in blocks]
    return [_E.ReadingOrder(_E.OrderedGroup(*order, id="order"))]


def _region(block: Block) -> etree._Element:
    text = "\n".join(line.text for line in block.lines if line.role != "ruby")
    return _E.TextRegion(
        _coords(extent(glyphs_of(block))),
        *(_line(line, index) for index, line in enumerate(block.lines)),
        _E.TextEquiv(_E.Unicode(text)),
        id=f"b{block.number}",
        type="paragraph",
        primaryLanguage="Japanese",
        custom=f"readingOrder {{index:{block.number};}}",
        **_VERTICAL,
    )


def _line(line: Line, index: int) -> etree._Element:
    custom = f"readingOrder {{index:{index};}}"
    if line.role == "ruby":
        custom += f" structure {{type:ruby; base:c{line.base};}}"
    elif line.role == "note":
        custom += " structure {type:note;}"
    shape, equivalent = written(outline(line.glyphs)), _equivalent(line.text, confidence(line.glyphs), 0)
    word = _E.Word(_E.Coords(points=shape), *map(_glyph, line.glyphs), equivalent, id=f"w{line.number}")
    return _E.TextLine(
        _E.Coords(points=shape),
        _E.Baseline(points=written(baseline(line.glyphs))),
        word,
        _equivalent(line.text, confidence(line.glyphs), 0),
        id=f"l{line.number}",
        readingDirection=_VERTICAL["readingDirection"],
        custom=custom,
        index=str(index),
    )


def _glyph(glyph: Glyph) -> etree._Element:
    named = [(glyph.codepoint, glyph.probability), *others(glyph)]
    return _E.Glyph(
        _coords(glyph.corners),
        *(_equivalent(character(name), share, index) for index, (name, share) in enumerate(named)),
        id=f"c{glyph.box}",
    )


def _equivalent(text: str, share: float, index: int) -> etree._Element:
    return _E.TextEquiv(_E.Unicode(text), index=str(index), conf=f"{share:.4f}")


def _coords(corners: tuple[int, int, int, int]) -> etree._Element:
    left, top, right, bottom = corners
    return _E.Coords(points=f"{left},{top} {right},{top} {right},{bottom} {left},{bottom}")
