import docx
from docx.oxml.ns import qn
from transcripts_for_tests import make_transcripts

from kuzushiji.text.docx import write_docx


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


def test_the_same_pages_give_the_same_file(tmp_path):
    for name in ("one", "two"):
        write_docx(make_transcripts(), tmp_path / name)
    assert (tmp_path / "one/book.docx").read_bytes() == (tmp_path / "two/book.docx").read_bytes()
