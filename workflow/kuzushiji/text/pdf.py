"""Searchable PDF: the pages of a book as images, under invisible vertical text.

A column is a line of text turned by 90 degrees clockwise, whose characters reach from one to the next: programs that
search and copy text then know its order (poppler takes the characters of PDF's own vertical writing mode, and those
with gaps between them, for lines of one each). All have one glyph, a box: any character can be found, whether or not
there is a font for it.
"""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from pikepdf import Array, Dictionary, Name, OutlineItem, Pdf, Stream
from PIL import ExifTags, Image

from kuzushiji.common.files import replacing
from kuzushiji.common.images import read_page
from kuzushiji.text.line_shape import baseline
from kuzushiji.text.transcripts import Line, Transcript, by_book

_POINTS_PER_INCH = 72
_DOTS_PER_INCH = 300  # scans seldom say theirs, or say a camera's
_QUALITY = 85  # of JPEG, where an image is no JPEG itself
_EM, _ASCENT, _DESCENT = 1000, 880, -120  # units of the font


def write_pdf(pages: Iterable[Transcript], folder: Path) -> None:
    """Write `folder/{book}.pdf` for every book."""
    folder.mkdir(parents=True, exist_ok=True)
    for book, of_book in by_book(pages):
        with replacing(folder / f"{book}.pdf") as partial, pdf(book, of_book) as document:
            document.save(partial, deterministic_id=True)


def pdf(book: str, pages: list[Transcript]) -> Pdf:
    """The pages of a book as a document, 300 pixels an inch, to be read from right to left.

    Its bookmarks are the pages' ids, and say which pages people corrected.
    """
    glyphs = [glyph for page in pages for block in page.blocks for line in block.lines for glyph in line.glyphs]
    numbers = {text: number for number, text in enumerate(sorted({glyph.text for glyph in glyphs}), start=1)}
    document = Pdf.new()
    document.docinfo[Name.Title] = book
    document.Root.ViewerPreferences = Dictionary(Direction=Name.R2L)
    document.Root.Lang = "ja"
    font = document.make_indirect(_font(document, numbers))
    for page in pages:
        _add_page(document, page, font, numbers)
    with document.open_outline() as outline:
        for number, page in enumerate(pages):
            outline.root.append(OutlineItem(page.image_id + " (corrected)" * page.corrected, number))
    return document


def _add_page(document: Pdf, page: Transcript, font: pikepdf.Object, numbers: dict[str, int]) -> None:
    scale = _POINTS_PER_INCH / _DOTS_PER_INCH
    width, height = page.width * scale, page.height * scale
    added = document.add_blank_page(page_size=(width, height))
    image = document.make_indirect(_image(document, page))
    lines = [_line(line, page.height, numbers) for block in page.blocks for line in block.lines]
    content = [
        f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /Page Do Q",
        f"q {scale:.6f} 0 0 {scale:.6f} 0 0 cm BT /Text 1 Tf 3 Tr",
        *lines,
        "ET Q",
    ]
    added.Resources = Dictionary(XObject=Dictionary(Page=image), Font=Dictionary(Text=font))
    added.Contents = document.make_stream("\n".join(content).encode("ascii"))


def _image(document: Pdf, page: Transcript) -> Stream:
    """The page's image: the file itself where it is a JPEG that needs no correction on reading."""
    with Image.open(page.path) as image:
        upright = image.getexif().get(ExifTags.Base.Orientation, 1) == 1
        same = image.format == "JPEG" and image.mode in ("RGB", "L") and upright
        colors = Name.DeviceGray if same and image.mode == "L" else Name.DeviceRGB
    if same:
        data = Path(page.path).read_bytes()
    else:
        buffer = io.BytesIO()
        Image.fromarray(read_page(page.path)).save(buffer, "JPEG", quality=_QUALITY)
        data = buffer.getvalue()
    return Stream(
        document,
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=page.width,
        Height=page.height,
        ColorSpace=colors,
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )


def _line(line: Line, height: int, numbers: dict[str, int]) -> str:
    """Operators that put each character into its box: a matrix along the baseline, then steps along it."""
    (left, top), (right, bottom) = baseline(line.glyphs)
    course = np.array([right - left, bottom - top], dtype=float)
    course /= np.hypot(*course) or 1.0
    size = float(np.median([glyph.corners[3] - glyph.corners[1] for glyph in line.glyphs])) or 1.0
    width = float(np.median([glyph.corners[2] - glyph.corners[0] for glyph in line.glyphs])) or 1.0
    # The text's x goes along the baseline and its y to the right; y of the page counts upwards.
    along, across = size * course * [1, -1], width * course[::-1]
    start = [left, height - top] - (_ASCENT + _DESCENT) / 2 / _EM * across  # so that the baseline is in the middle
    edges = [*(glyph.corners[1] for glyph in line.glyphs), bottom]
    shown = [
        f"{max(1, 100 * (after - before) / size):.2f} Tz <{numbers[glyph.text]:04X}> Tj"
        for glyph, before, after in zip(line.glyphs, edges[:-1], edges[1:], strict=True)
    ]
    return f"{' '.join(f'{value:.4f}' for value in (*along, *across, *start))} Tm {' '.join(shown)}"


def _font(document: Pdf, numbers: dict[str, int]) -> Dictionary:
    """A font whose characters have the given numbers, and all the same empty glyph."""
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name.Invisible,
        Flags=4,
        FontBBox=Array([0, _DESCENT, _EM, _ASCENT]),
        ItalicAngle=0,
        Ascent=_ASCENT,
        Descent=_DESCENT,
        CapHeight=_ASCENT,
        StemV=80,
        FontFile2=document.make_stream(_box_font()),
    )
    glyph_of = (1).to_bytes(2, "big") * (len(numbers) + 1)
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name.Invisible,
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="Identity", Supplement=0),
        FontDescriptor=document.make_indirect(descriptor),
        DW=_EM,
        CIDToGIDMap=document.make_stream(glyph_of),
    )
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name.Invisible,
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([document.make_indirect(descendant)]),
        ToUnicode=document.make_stream(_to_unicode(numbers)),
    )


def _box_font() -> bytes:
    """A TrueType font with two glyphs, both of them a full box, so that programs know how large a character is."""
    names = [".notdef", "box"]
    pen = TTGlyphPen(None)
    pen.moveTo((0, _DESCENT))
    for corner in [(0, _ASCENT), (_EM, _ASCENT), (_EM, _DESCENT)]:
        pen.lineTo(corner)
    pen.closePath()
    builder = FontBuilder(_EM)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (_EM, 0)))
    builder.setupHorizontalHeader(ascent=_ASCENT, descent=_DESCENT)
    builder.setupOS2()
    builder.setupPost()
    builder.setupHead(unitsPerEm=_EM, created=0, modified=0)
    builder.font.recalcTimestamp = False
    buffer = io.BytesIO()
    builder.save(buffer)
    return buffer.getvalue()


def _to_unicode(numbers: dict[str, int]) -> bytes:
    """The CMap that says which character a number is, a hundred at a time as PDF demands."""
    pairs = [f"<{number:04X}> <{text.encode('utf-16-be').hex().upper()}>" for text, number in numbers.items()]
    parts = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    sections = [f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar" for part in parts]
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
        *sections,
        "endcmap CMapName currentdict /CMap defineresource pop end end",
    ]
    return "\n".join(lines).encode("ascii")
