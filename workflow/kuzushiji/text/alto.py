"""ALTO XML (Library of Congress, version 4.4), for libraries' repositories and viewers of newspapers and books.

A block is a TextBlock, a line a TextLine with its baseline, outline and one String, a character a Glyph with its
alternatives as Variants. Lines of ruby and notes refer to a tag for them. BASEDIRECTION says that lines run from top to
bottom; ReadingOrder gives the order.
"""

from collections.abc import Iterable
from pathlib import Path

from lxml import etree
from lxml.builder import ElementMaker

from kuzushiji.common.codepoints import character
from kuzushiji.common.files import replacing
from kuzushiji.text.line_shape import baseline, outline, written
from kuzushiji.text.transcripts import Block, Glyph, Line, Transcript, confidence, extent, glyphs_of, others

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
_VERSION = "4.4"
_SCHEMA = f"{NAMESPACE} http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TAGS = {"ruby": "small characters beside a column", "note": "a note in two lines within a column (warichu)"}
_E = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE, "xsi": _XSI})


def write_alto(pages: Iterable[Transcript], folder: Path) -> None:
    """Write `folder/{image_id}.xml` for every page."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        with replacing(folder / f"{page.image_id}.xml") as partial:
            partial.write_bytes(alto(page))


def alto(page: Transcript) -> bytes:
    """The page as ALTO XML, UTF-8."""
    software = _E.processingSoftware(_E.softwareName("kuzushiji"))
    description = _E.Description(
        _E.MeasurementUnit("pixel"),
        _E.sourceImageInformation(_E.fileName(page.file)),
        _E.Processing(_E.processingCategory("contentGeneration"), software, ID="kuzushiji"),
        *([_E.Processing(_E.processingCategory("contentModification"), _by_hand(), ID="corrected")] * page.corrected),
    )
    tags = [_E.StructureTag(ID=name, LABEL=name, DESCRIPTION=says) for name, says in _TAGS.items()]
    size = {"WIDTH": str(page.width), "HEIGHT": str(page.height)}
    space = _E.PrintSpace(*map(_block, page.blocks), HPOS="0", VPOS="0", **size)
    rated = {} if page.confidence is None else {"PC": f"{page.confidence:.4f}"}
    layout = _E.Layout(_E.Page(space, ID="page", PHYSICAL_IMG_NR="1", LANG="ja", **size, **rated))
    root = _E.alto(
        description,
        _E.Tags(*tags),
        *_reading_order(page.blocks),
        layout,
        {f"{{{_XSI}}}schemaLocation": _SCHEMA, "SCHEMAVERSION": _VERSION},
    )
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _by_hand() -> etree._Element:
    return _E.processingStepDescription("corrected by hand")


def _reading_order(blocks: list[Block]) -> list[etree._Element]:
    if not blocks:
        return []
    groups = [
        _E.OrderedGroup(
            *(_E.ElementRef(ID=f"order_l{line.number}", REF=f"l{line.number}") for line in block.lines),
            ID=f"order_b{block.number}",
            REF=f"b{block.number}",
        )
        for block in blocks
    ]
    return [_E.ReadingOrder(_E.OrderedGroup(*groups, ID="order"))]


def _block(block: Block) -> etree._Element:
    return _E.TextBlock(
        *map(_line, block.lines), ID=f"b{block.number}", BASEDIRECTION="ttb", **_place(extent(glyphs_of(block)))
    )


def _line(line: Line) -> etree._Element:
    place = _place(extent(line.glyphs))
    string = _E.String(
        *map(_glyph, line.glyphs), ID=f"s{line.number}", CONTENT=line.text, WC=f"{confidence(line.glyphs):.4f}", **place
    )
    tags = {"TAGREFS": line.role} if line.role in _TAGS else {}
    shape = _E.Shape(_E.Polygon(POINTS=written(outline(line.glyphs))))
    course = written(baseline(line.glyphs))
    return _E.TextLine(shape, string, ID=f"l{line.number}", BASELINE=course, **tags, **place)


def _glyph(glyph: Glyph) -> etree._Element:
    variants = [_E.Variant(CONTENT=character(name), VC=f"{share:.4f}") for name, share in others(glyph)]
    return _E.Glyph(
        *variants, ID=f"c{glyph.box}", CONTENT=glyph.text, GC=f"{glyph.probability:.4f}", **_place(glyph.corners)
    )


def _place(corners: tuple[int, int, int, int]) -> dict[str, str]:
    left, top, right, bottom = corners
    return {"HPOS": str(left), "VPOS": str(top), "WIDTH": str(right - left), "HEIGHT": str(bottom - top)}
