"""Documents for Word and LibreOffice, a book each: vertical text, a paragraph a column, ruby, notes in two lines."""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph

from kuzushiji.common.files import replacing
from kuzushiji.text.transcripts import Line, Transcript, by_book, columns, ruby_by_base

_NO_DATE = (1980, 1, 1, 0, 0, 0)  # so that equal results give equal files


def write_docx(pages: Iterable[Transcript], folder: Path) -> None:
    """Write `folder/{book}.docx` for every book."""
    folder.mkdir(parents=True, exist_ok=True)
    for book, of_book in by_book(pages):
        with replacing(folder / f"{book}.docx") as partial:
            _save(document(book, of_book), partial)


def document(book: str, pages: list[Transcript]) -> Document:
    """The pages of a book, each under its id as a heading."""
    made = docx.Document()
    made.core_properties.title = book
    made.core_properties.author = "kuzushiji"
    section = made.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = section.page_height, section.page_width
    direction = OxmlElement("w:textDirection")
    direction.set(qn("w:val"), "tbRl")
    section._sectPr.insert_element_before(direction, "w:bidi", "w:rtlGutter", "w:docGrid")  # as the schema orders them
    made.styles["Normal"].element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "MS Mincho")
    for page in pages:
        made.add_heading(page.image_id + " (corrected)" * page.corrected, level=2)
        for block in page.blocks:
            ruby = ruby_by_base(block.lines)
            for lines in columns(block):
                paragraph = made.add_paragraph()
                for line in lines:
                    _add_line(paragraph, line, ruby)
    return made


def _add_line(paragraph: Paragraph, line: Line, ruby: dict[int, Line]) -> None:
    plain = ""
    for glyph in line.glyphs:
        if glyph.box in ruby and line.role == "text":
            _add_text(paragraph, plain, line.role)
            plain = ""
            _add_ruby(paragraph, glyph.text, ruby[glyph.box].text)
        else:
            plain += glyph.text
            if glyph.box in ruby:  # two lines in one have no room for it
                plain += f"《{ruby[glyph.box].text}》"
    _add_text(paragraph, plain, line.role)


def _add_text(paragraph: Paragraph, text: str, role: str) -> None:
    if not text:
        return
    run = paragraph.add_run(text)
    if role == "note":  # Word's "two lines in one"
        layout = OxmlElement("w:eastAsianLayout")
        layout.set(qn("w:id"), "1")
        layout.set(qn("w:combine"), "1")
        run._r.get_or_add_rPr().append(layout)


def _add_ruby(paragraph: Paragraph, base: str, beside: str) -> None:
    ruby, properties = OxmlElement("w:ruby"), OxmlElement("w:rubyPr")
    # Sizes in half points.
    for name, value in {
        "rubyAlign": "center",
        "hps": "10",
        "hpsRaise": "18",
        "hpsBaseText": "22",
        "lid": "ja-JP",
    }.items():
        element = OxmlElement(f"w:{name}")
        element.set(qn("w:val"), value)
        properties.append(element)
    ruby.append(properties)
    for name, text in {"rt": beside, "rubyBase": base}.items():
        part, run, content = OxmlElement(f"w:{name}"), OxmlElement("w:r"), OxmlElement("w:t")
        content.text = text
        run.append(content)
        part.append(run)
        ruby.append(part)
    paragraph.add_run()._r.append(ruby)


def _save(made: Document, path: Path) -> None:
    """Save without the time, which python-docx writes into the archive."""
    buffer = io.BytesIO()
    made.save(buffer)
    with zipfile.ZipFile(buffer) as dated, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in dated.namelist():
            archive.writestr(zipfile.ZipInfo(name, _NO_DATE), dated.read(name), zipfile.ZIP_DEFLATED)
