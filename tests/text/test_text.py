import pandas as pd
from transcripts_for_tests import TEXT, make_transcripts, pages_table, rated_pages, recognized_table

from kuzushiji.text.confidence import NO_WRITING
from kuzushiji.text.reading_order import order_pages
from kuzushiji.text.text import main_text, page_text, write_text


def ordered(*rows):
    """Boxes in reading order: character, block, column, line, role."""
    table = pd.DataFrame(rows, columns=["character", "block", "column", "line", "role"])
    table["codepoint"] = [f"U+{ord(character):04X}" for character in table["character"]]
    return table.assign(position=range(len(table)))


PAGE = ordered(
    ("山", 0, 0, 0, "text"),
    ("や", 0, 0, 1, "ruby"),
    ("ま", 0, 0, 1, "ruby"),
    ("の", 0, 0, 0, "text"),
    ("右", 0, 0, 2, "note"),
    ("左", 0, 0, 3, "note"),
    ("春", 0, 1, 4, "text"),
    ("下", 1, 2, 5, "text"),
)


def test_a_column_is_a_line_with_ruby_and_notes_in_brackets_and_blocks_are_apart():
    assert page_text(PAGE.sample(frac=1, random_state=0)) == "山《やま》の〈右左〉\n春\n\n下\n"


def test_the_main_text_is_without_ruby_and_breaks():
    assert main_text(PAGE) == "山の右左春下"


def test_pages_and_books_get_their_files_and_empty_pages_too(tmp_path):
    recognized = recognized_table()
    boxes = order_pages(recognized)
    write_text(boxes, pages_table(), rated_pages(recognized), tmp_path / "text")
    first = (tmp_path / "text/book001.txt").read_text(encoding="utf-8")
    page = make_transcripts()[0]
    columns = [[line.text for line in block.lines if line.role == "text"] for block in page.blocks]
    assert first == "\n".join("".join(f"{line}\n" for line in block) for block in columns)
    assert set(first) <= set(TEXT + "\n")
    assert (tmp_path / "text/book002.txt").read_text() == ""
    book = (tmp_path / "text/books/book.txt").read_text(encoding="utf-8")
    share = (recognized["probability"] * 0.9)[recognized["image_id"] == "book001"].mean()
    assert book == f"[book001] (confidence {share:.2f})\n{first}\n[book002] (confidence 0.00: {NO_WRITING})\n"
    assert {path.name for path in (tmp_path / "text/books").iterdir()} == {"book.txt", "other.txt"}


def test_corrected_pages_are_marked_as_such(tmp_path):
    recognized = recognized_table()
    write_text(order_pages(recognized), pages_table(), rated_pages(recognized, {"book002"}), tmp_path, {"book002"})
    assert (tmp_path / "books/book.txt").read_text(encoding="utf-8").endswith("\n[book002] (corrected)\n")
