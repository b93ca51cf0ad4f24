import shutil
import subprocess

import numpy as np
import pypdfium2
import pytest
from PIL import Image
from transcripts_for_tests import make_transcripts

from kuzushiji.text.pdf import write_pdf


@pytest.fixture
def pages(tmp_path):
    """The transcripts with white images: a JPEG, a gray one and a PNG."""
    found = []
    for page, name, mode in zip(make_transcripts(), ("1.jpg", "2.jpg", "3.png"), ("RGB", "L", "RGB"), strict=True):
        Image.new(mode, (page.width, page.height), "white").save(tmp_path / name)
        found.append(in_one_plane(page)._replace(path=str(tmp_path / name)))
    return found


def in_one_plane(page):
    """pdfium takes hentaigana for right-to-left and moves them within their line: there is あ instead."""

    def line(old):
        glyphs = [glyph._replace(codepoint="U+3042") if len(glyph.codepoint) > 6 else glyph for glyph in old.glyphs]
        return old._replace(glyphs=glyphs)

    return page._replace(blocks=[block._replace(lines=list(map(line, block.lines))) for block in page.blocks])


def lines_of(page):
    return [line.text for block in page.blocks for line in block.lines]


def test_text_is_found_in_reading_order_and_is_not_seen(pages, tmp_path):
    write_pdf(pages, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"book.pdf", "other.pdf"}
    with pypdfium2.PdfDocument(tmp_path / "out/book.pdf") as document:
        assert len(document) == 2
        text = document[0].get_textpage().get_text_range()
        drawn = np.asarray(document[0].render(scale=1).to_pil().convert("L"))
    assert "".join(text.split()) == "".join(lines_of(pages[0]))
    assert drawn.min() > 250


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext (poppler-utils) here")
def test_poppler_finds_the_columns_from_right_to_left(pages, tmp_path):
    one = pages[0]._replace(blocks=pages[0].blocks[1:])  # poppler mixes registers
    write_pdf([one], tmp_path / "out")
    command = ["pdftotext", str(tmp_path / "out/book.pdf"), "-"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert text.split() == lines_of(one)


def test_hentaigana_are_found(pages, tmp_path):
    write_pdf([make_transcripts()[0]._replace(path=pages[0].path)], tmp_path / "out")
    with pypdfium2.PdfDocument(tmp_path / "out/book.pdf") as document:
        assert document[0].get_textpage().get_text_range().count("\U0001b001") == 2


def test_a_character_lies_where_it_was_read(pages, tmp_path):
    write_pdf(pages[:1], tmp_path / "out")
    glyphs = [glyph for block in pages[0].blocks for line in block.lines for glyph in line.glyphs]
    scale = 72 / 300
    with pypdfium2.PdfDocument(tmp_path / "out/book.pdf") as document:
        text = document[0].get_textpage()
        places = [text.get_charbox(at) for at in range(text.count_chars()) if text.get_text_range(at, 1).strip()]
    assert len(places) == len(glyphs)
    for (left, bottom, right, top), glyph in zip(places, glyphs, strict=True):
        x, y = (left + right) / 2 / scale, pages[0].height - (bottom + top) / 2 / scale
        x_min, y_min, x_max, y_max = glyph.corners
        assert x_min < x < x_max and y_min < y < y_max


def test_the_same_pages_give_the_same_file(pages, tmp_path):
    for name in ("one", "two"):
        write_pdf(pages, tmp_path / name)
    assert (tmp_path / "one/other.pdf").read_bytes() == (tmp_path / "two/other.pdf").read_bytes()


def test_bookmarks_are_the_pages_and_say_which_are_corrected(pages, tmp_path):
    write_pdf([pages[0], pages[1]._replace(corrected=True)], tmp_path / "out")
    with pypdfium2.PdfDocument(tmp_path / "out/book.pdf") as document:
        marks = [(mark.get_title(), mark.get_dest().get_index()) for mark in document.get_toc()]
    assert marks == [(pages[0].image_id, 0), (f"{pages[1].image_id} (corrected)", 1)]
