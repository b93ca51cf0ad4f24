import docx
from docx.oxml.ns import qn
from transcripts_for_tests import make_transcripts

from kuzushiji.text.docx import document, write_docx
from kuzushiji.text.transcripts import Block, Glyph, Line, Transcript


def test_a_document_has_the_columns_with_ruby_and_notes(tmp_path):
    pages = make_transcripts()
    write_docx(pages, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"book.docx", "other.docx"}
    made = docx.Document(tmp_path / "other.docx")
    lines = [line for block in pages[2].blocks for line in block.lines]
    assert made.paragraphs[0].text == "other & <1>"
    body = made.element.body
    texts = [text.text for text in body.iter(qn("w:t"))][1:]
    assert sorted("".join(texts)) == sorted("".join(line.text for line in lines))
    assert [rt.find(f".//{qn('w:t')}").text for rt in body.iter(qn("w:rt"))] == [
        line.text for line in lines if line.role == "ruby"
    ]
    combined = [run for run in body.iter(qn("w:r")) if run.find(f".//{qn('w:eastAsianLayout')}") is not None]
    assert len(combined) == sum(line.role == "note" for line in lines) > 0
    assert body.find(f".//{qn('w:textDirection')}").get(qn("w:val")) == "tbRl"
    names = [element.tag for element in body.find(qn("w:sectPr"))]
    assert names.index(qn("w:textDirection")) == names.index(qn("w:docGrid")) - 1


def test_ruby_of_a_note_is_in_brackets():
    glyphs = [Glyph(number, f"U+{ord(mark):04X}", (0, 0, 1, 1), 1.0, []) for number, mark in enumerate("注記ち")]
    lines = [Line(0, 0, "note", None, glyphs[:2]), Line(1, 0, "ruby", 0, glyphs[2:])]
    made = document("book", [Transcript("page", "book", "page.jpg", 9, 9, [Block(0, lines)])])
    assert made.paragraphs[1].text == "注《ち》記"


def test_the_same_pages_give_the_same_file(tmp_path):
    for name in ("one", "two"):
        write_docx(make_transcripts(), tmp_path / name)
    assert (tmp_path / "one/book.docx").read_bytes() == (tmp_path / "two/book.docx").read_bytes()
