"""Corrections by labels and by texts."""

from collections import Counter
from pathlib import Path

import pytest
from transcripts_for_tests import alternatives_table, make_transcripts, pages_table, rated_pages, recognized_table

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import BY_HAND
from kuzushiji.pages.corrections import Text, read_corrections
from kuzushiji.text.alternatives import find_alternatives
from kuzushiji.text.alto import write_alto
from kuzushiji.text.correct import correct
from kuzushiji.text.page_xml import write_page_xml
from kuzushiji.text.reading_order import order_pages
from kuzushiji.text.tei import tei
from kuzushiji.text.text import page_text, write_text
from kuzushiji.text.transcriptions import written
from kuzushiji.text.transcripts import transcripts

PAGE = "other & <1>"  # with ruby and notes


def text_of(recognized, image_id=PAGE):
    ordered = order_pages(recognized)
    return page_text(ordered[ordered["image_id"] == image_id])


def labels_of(recognized, image_id):
    page = recognized[recognized["image_id"] == image_id]
    return [
        (box.codepoint, box.x_min, box.y_min, box.x_max - box.x_min, box.y_max - box.y_min) for box in page.itertuples()
    ]


def test_labels_change_add_restore_and_remove():
    table = recognized_table()
    third = table.index[table["image_id"] == "book001"][2]
    table.loc[third, "kept"] = False
    labels = labels_of(table, "book001")
    labels[0] = ("U+9F8D", *labels[0][1:])  # changed
    x, y, width, height = labels.pop(1)[1:]  # removed
    labels.append(("U+9CF3", 700, 900, 30, 30))  # added
    labels[2] = (labels[2][0], labels[2][1] + 2, *labels[2][2:])  # moved by a little
    corrected, report = correct(table, {"book001": labels})
    assert report.to_dict("records") == [
        {"image_id": "book001", "confirmed": len(labels) - 3, "changed": 1, "added": 2, "removed": 1}
    ]
    assert list(corrected.dtypes) == list(table.dtypes)
    page = corrected[corrected["image_id"] == "book001"]
    kept = page[page["kept"]]
    assert sorted(labels_of(kept, "book001")) == sorted(labels)
    assert (kept["probability"] == 1).all() and (kept["keep_probability"] == 1).all()
    assert list(kept.loc[kept["codepoint"] == "U+9CF3", "detector"]) == [BY_HAND]
    moved = kept[(kept["x_min"] == labels[2][1]) & (kept["y_min"] == labels[2][2])]
    assert list(moved["detector"]) == [BY_HAND]  # there are no predictions of a box at that place
    removed = page[~page["kept"]]
    assert removed[CORNERS].to_numpy().tolist() == [[x, y, x + width, y + height]]
    others = table["image_id"] != "book001"
    assert corrected[corrected["image_id"] == PAGE].reset_index(drop=True).equals(table[others].reset_index(drop=True))


def test_a_drawn_box_has_its_character_as_alternative():
    table = recognized_table().iloc[:0]
    corrected, _ = correct(table, {"book002": [("U+3042", 1, 2, 3, 4)]})
    found = find_alternatives(corrected, {}, 10)
    assert [list(names) for names in found["codepoints"]] == [["U+3042"]]


@pytest.mark.parametrize("kind", ["txt", "page", "alto"])
def test_a_text_that_goes_out_and_comes_back_changes_nothing_but_what_was_edited(tmp_path, kind):
    table, pages = recognized_table(), pages_table()
    ordered = order_pages(table)
    read = list(transcripts(ordered, alternatives_table(table), pages))
    if kind == "txt":
        write_text(ordered, pages, rated_pages(table), tmp_path)
    else:
        {"page": write_page_xml, "alto": write_alto}[kind](read, tmp_path)
    for other in ("book001", "book002"):
        (tmp_path / f"{other}.{kind if kind == 'txt' else 'xml'}").unlink()
    corrected, report = correct(table, read_corrections(tmp_path))
    assert text_of(corrected) == text_of(table)
    assert report[["changed", "added", "removed"]].to_numpy().tolist() == [[0, 0, 0]]
    (file,) = (path for path in tmp_path.iterdir() if path.is_file())
    line = next(line for block in read[2].blocks for line in block.lines if line.role == "text" and len(line.text) > 4)
    edited = line.text[:2] + "龍" + line.text[3:] + "鳳"  # one changed, one added below
    file.write_text(file.read_text().replace(line.text, edited))
    corrected, report = correct(table, read_corrections(tmp_path))
    if edited in file.read_text():  # ruby may stand inside a line of text
        assert report[["changed", "added", "removed"]].to_numpy().tolist() == [[1, 1, 0]]
        below = corrected[corrected["detector"] == BY_HAND].iloc[0]
        last = line.glyphs[-1].corners
        assert character(below["codepoint"]) == "鳳"
        assert (below["x_min"], below["x_max"]) == (last[0], last[2]) and below["y_min"] >= last[3]


def test_what_is_wrong_with_corrections_is_said_together(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("image_id,labels\nstrange,U+3042 1 2 3 4\nbook001,U+3042 1 2\n")
    with pytest.raises(InputError, match=r"(?s)\(2\).*no run of.*strange: no such page is read"):
        read_corrections(file, ["book001"])
    with pytest.raises(InputError, match=r"\(1\):\n.*no run of.*$"):
        read_corrections(file)  # of any pages
    with pytest.raises(InputError, match="no such file or folder of corrections"):
        read_corrections(tmp_path / "none")
    folder = tmp_path / "texts"
    folder.mkdir()
    with pytest.raises(InputError, match="holds no correction"):
        read_corrections(folder)
    (folder / "book001.xml").write_text("<html/>")
    with pytest.raises(InputError, match=r"book001.xml: cannot be read \(html is neither"):
        read_corrections(folder)


def test_the_viewer_s_text_says_the_pages_that_it_calls_corrected(tmp_path):
    file = tmp_path / "corrections.txt"
    first, other, last = "い《ろ》は\nに\n\n", "ほ\n", "[へ]\n"
    pages = f"[p 1] (corrected)\n{first}[p2] (confidence 0.79: much is unsure)\n{other}[p(3)] (corrected)\n{last}"
    file.write_text(pages)
    assert read_corrections(file) == {"p 1": Text("\nいろは\nに\n\n", False), "p(3)": Text("\n[へ]\n", False)}
    file.write_text("いろは")
    with pytest.raises(InputError, match=r"corrections\.txt: has no page's heading"):
        read_corrections(file)
    file.write_text("[p2] (confidence 0.79)\nほ\n")
    with pytest.raises(InputError, match="holds no correction of any page"):
        read_corrections(file)


def test_a_book_in_tei_says_the_text_of_its_pages(tmp_path):
    pages = make_transcripts()
    (tmp_path / "book.xml").write_bytes(tei("book", pages))
    found = read_corrections(tmp_path)
    by_file = {Path(page.file).stem: page for page in pages}
    assert found.keys() == by_file.keys()
    for name, page in by_file.items():
        expected = Counter(glyph.text for block in page.blocks for line in block.lines for glyph in line.glyphs)
        assert Counter(part.character for part in written(found[name].text)) == expected
    other = """<TEI xmlns="http://www.tei-c.org/ns/1.0">
        <facsimile><surface xml:id="s1"><graphic url="scans/a%20b.jpg"/></surface></facsimile>
        <text><body><p><pb facs="#s1"/>い<!-- so -->ろ<lb/>は<note>に</note></p></body></text></TEI>"""
    (tmp_path / "book.xml").write_text(other)
    assert read_corrections(tmp_path) == {"a b": Text("いろはに", False)}
    (tmp_path / "book.xml").write_text(other.replace(' facs="#s1"', ""))
    with pytest.raises(InputError, match=r"book\.xml: cannot be read \(no pb says by facs"):
        read_corrections(tmp_path)
