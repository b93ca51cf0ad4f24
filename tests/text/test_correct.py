"""Corrections by labels and by texts."""

import unicodedata
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transcripts_for_tests import alternatives_table, make_transcripts, pages_table, rated_pages, recognized_table

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import BY_HAND, SCHEMAS, concat_tables
from kuzushiji.pages.corrections import Text, read_all_corrections, read_corrections
from kuzushiji.text.alternatives import find_alternatives
from kuzushiji.text.alto import write_alto
from kuzushiji.text.correct import COUNTS, correct
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
    corrected, report = correct(table, {"book001": labels}, pages_table())
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
    corrected, _ = correct(table, {"book002": [("U+3042", 1, 2, 3, 4)]}, pages_table())
    found = find_alternatives(corrected, {}, 10)
    assert [list(names) for names in found["codepoints"]] == [["U+3042"]]


def columns_page(*lines, width=600, height=400):
    """A table "recognized" of one page, columns of boxes from right to left, and its table "pages"."""
    rows = [
        ("p", number * 100 + place, x, 20 + 50 * place, x + 45, 65 + 50 * place, 1.0, name, 0.9, "d", 1.0, True)
        for number, line in enumerate(lines)
        for x in [width - 100 - 70 * number]
        for place, name in enumerate(f"U+{ord(mark):04X}" for mark in line)
    ]
    pages = pd.DataFrame([("p", "b", "s", "p.jpg", width, height, 0, "")], columns=SCHEMAS["pages"].names)
    return concat_tables([pd.DataFrame(rows, columns=SCHEMAS["recognized"].names)], "recognized"), pages


@pytest.mark.parametrize(
    ("read", "wanted"),
    [
        (["いろはに", "ちりぬ"], "いろはに\nちりぬ\nよたれそ\n"),  # a column that was not found, at the end
        (["いろはに", "ちりぬ"], "よたれそ\nいろはに\nちりぬ\n"),  # at the beginning
        (["いろはに", "", "ちりぬ"], "いろはに\nよたれそ\nちりぬ\n"),  # between
        (["いろはに", "", "", "ちりぬ"], "いろはに\nよたれそ\nつねな\nちりぬ\n"),
        (["いろはに", "ちりぬ"], "いろはに\nよちりぬ\n"),  # the head of a column
        (["いろはに", "ちりぬ"], "よいろはに\nちりぬ\n"),
        (["いろはに", "ちりぬ"], "いろはによ\nちりぬ\n"),  # its foot
        (["いろはに", "ちりぬ"], "いよろはに\nちりぬ\n"),
        (["いろはに", "", "ちりぬ"], "いろはによ\nたれそ\nつちりぬ\n"),  # all of it at once
        ([], "いろは\nにほへと\n"),  # nothing was found
        (["いろは"], ""),  # nothing is there
    ],
)
def test_lines_of_a_text_are_columns(read, wanted):
    table, pages = columns_page(*read)
    corrected, _ = correct(table, {"p": Text(wanted, False)}, pages)
    kept = corrected[corrected["kept"]]
    assert page_text(order_pages(kept)) == wanted
    own = table.merge(kept, on="box")  # stayed where they were
    assert (
        own[[f"{name}_x" for name in CORNERS]].to_numpy().tolist()
        == own[[f"{name}_y" for name in CORNERS]].to_numpy().tolist()
    )


@pytest.mark.parametrize(
    ("read", "wanted"),
    [
        (["いろは", "ちりぬ"], "いろは\nあえお\nうこそ\nちりぬ\n"),
        (["いろは", "ちりぬ"], "いろ\nはにほへと\nあえお\nうこそ\nちり\nぬるをわか\n"),  # its lines are phrases
        (["いろはにほ"], "\n".join(["いろはにほ", *"あうえおかきくけこさしすせそたちつてとな"]) + "\n"),
    ],
)
def test_without_room_for_columns_the_text_continues_those_that_are_there(read, wanted):
    table, pages = columns_page(*read)
    corrected, _ = correct(table, {"p": Text(wanted, False)}, pages)
    assert "".join(page_text(order_pages(corrected)).split()) == "".join(wanted.split())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("いろはにほ", max_size=7), max_size=7),
    st.lists(st.text("いろはにほへとちりぬ", min_size=1, max_size=30), max_size=12),
)
def test_every_character_of_a_text_has_a_place_on_the_page(read, lines):
    table, pages = columns_page(*read)
    corrected, report = correct(table, {"p": Text("\n".join(lines), False)}, pages)
    kept = corrected[corrected["kept"]]
    assert Counter(kept["codepoint"].map(character)) == Counter("".join(lines))
    assert (kept[["x_min", "y_min"]] >= 0).all(axis=None)
    assert (kept["x_max"] <= 600).all() and (kept["y_max"] <= 400).all()
    assert (kept["x_min"] < kept["x_max"]).all() and (kept["y_min"] < kept["y_max"]).all()
    assert report[["confirmed", "changed", "added"]].sum(axis=1).tolist() == [len("".join(lines))]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("いろはにほへとちりぬ", min_size=1, max_size=7), min_size=1, max_size=7), st.data())
def test_a_text_is_read_as_typed_where_columns_were_missed_and_characters_misread(lines, data):
    misread = st.sampled_from([*[None] * 8, "い", "ろ"])  # as in the text: unsure places
    read = [
        "".join(data.draw(misread) or mark for mark in line) if data.draw(st.integers(0, 4)) else "" for line in lines
    ]
    table, pages = columns_page(*read)
    corrected, _ = correct(table, {"p": Text("\n".join(lines), False)}, pages)
    assert "".join(page_text(order_pages(corrected)).split()) == "".join(lines)


def test_characters_that_are_one_in_unicode_s_normal_form_stay_as_they_were_read():
    table, pages = columns_page("\ufa17大\ufa38益")
    out = text_of(table, "p")
    back = unicodedata.normalize("NFC", out)  # as other programs may give it back
    assert back != out
    for text in (out, back):
        corrected, report = correct(table, {"p": Text(text, False)}, pages)
        assert text_of(corrected, "p") == out
        assert report[COUNTS].to_numpy().tolist() == [[4, 0, 0, 0]]
    corrected, _ = correct(table, {"p": Text("\ufa17\ufa37器\ufa17", False)}, pages)  # what was typed is kept
    assert text_of(corrected, "p") == "\ufa17\ufa37\ufa38\ufa17\n"


def test_labels_off_the_page_are_named_and_those_beyond_its_edge_cut():
    table, pages = columns_page("いろ")
    labels = [("U+3042", -5, 390, 20, 20), ("U+3044", 10, 20, 99999999999, 5)]
    corrected, _ = correct(table, {"p": labels}, pages)
    assert corrected.loc[corrected["kept"], CORNERS].to_numpy().tolist() == [[0, 390, 15, 400], [10, 20, 600, 25]]
    outside = [("U+3042", 600, 20, 30, 30), ("U+3044", 10, 99999999999, 5, 5), ("U+3046", 1, 1, 2, 2)]
    with pytest.raises(InputError, match=r"(?s)\(2\).*p: `U\+3042 600 20 30 30` lies outside the page of 600x400.*999"):
        correct(table, {"p": outside}, pages)


def test_without_a_corrected_page_there_is_a_table_of_none(tmp_path):
    table, pages = columns_page("いろ")
    corrected, report = correct(table, {}, pages)
    assert corrected.equals(table.astype(corrected.dtypes))
    report.to_csv(tmp_path / "none.csv", index=False)
    assert pd.read_csv(tmp_path / "none.csv").columns.tolist() == ["image_id", *COUNTS]


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
    corrected, report = correct(table, read_corrections(tmp_path), pages)
    assert text_of(corrected) == text_of(table)
    assert report[["changed", "added", "removed"]].to_numpy().tolist() == [[0, 0, 0]]
    (file,) = (path for path in tmp_path.iterdir() if path.is_file())
    line = next(line for block in read[2].blocks for line in block.lines if line.role == "text" and len(line.text) > 4)
    edited = line.text[:2] + "龍" + line.text[3:] + "鳳"  # one changed, one added below
    file.write_text(file.read_text().replace(line.text, edited))
    corrected, report = correct(table, read_corrections(tmp_path), pages)
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


def test_of_several_files_the_last_counts_for_a_page_and_others_may_name_further_pages(tmp_path):
    inherited, own = (str(tmp_path / f"{name}.csv") for name in ("inherited", "own"))
    row = "{},U+{} 1 2 3 4\n"
    Path(inherited).write_text(
        "image_id,labels\n" + row.format("a", 3042) + row.format("b", 3042) + row.format("far", 3042)
    )
    Path(own).write_text("image_id,labels\n" + row.format("b", 3044))
    found = read_all_corrections([inherited, own], own, ["a", "b", "c"])
    assert found == {"a": [("U+3042", 1, 2, 3, 4)], "b": [("U+3044", 1, 2, 3, 4)]}
    with pytest.raises(InputError, match="far: no such page is read"):
        read_all_corrections([inherited, own], inherited, ["a", "b", "c"])


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
    columns = {line.column for block in pages[2].blocks for line in block.lines}
    assert len(found[Path(pages[2].file).stem].text.splitlines()) == len(columns)
    by_file = {Path(page.file).stem: page for page in pages}
    assert found.keys() == by_file.keys()
    for name, page in by_file.items():
        expected = Counter(glyph.text for block in page.blocks for line in block.lines for glyph in line.glyphs)
        assert Counter(part.character for part in written(found[name].text)) == expected
    other = """<TEI xmlns="http://www.tei-c.org/ns/1.0">
        <facsimile><surface xml:id="s1"><graphic url="scans/a%20b.jpg"/></surface></facsimile>
        <text><body><p><pb facs="#s1"/>い<!-- so -->ろ<lb/>は<note>に</note></p></body></text></TEI>"""
    (tmp_path / "book.xml").write_text(other)
    assert read_corrections(tmp_path) == {"a b": Text("いろ\nはに", False)}
    edited = """い<choice><sic>ろ</sic><corr>ら</corr></choice><choice><reg>葉</reg><orig>は</orig></choice>
        <app><rdg>へ</rdg><lem>に</lem></app><app><rdg>ほ</rdg><rdg>を</rdg></app><del>ん</del><add>へ</add>
        <choice><unclear>と</unclear><unclear>ど</unclear></choice><gap><desc>stain</desc></gap><figure><figDesc>A
        heron.</figDesc></figure><note type="warichu"><seg>ち</seg></note><note type="editorial">so <pb/></note>り<note
        resp="#me">?</note>ぬ<w>る<ex>bc</ex></w><supplied>を</supplied><restore><del>わ</del></restore><corr>か</corr>"""
    (tmp_path / "book.xml").write_text(other.replace("い<!-- so -->ろ<lb/>は<note>に</note>", edited))
    assert read_corrections(tmp_path) == {"a b": Text("いろはにほへとちりぬるわか", False)}
    (tmp_path / "book.xml").write_text(other.replace(' facs="#s1"', ""))
    with pytest.raises(InputError, match=r"book\.xml: cannot be read \(no pb says by facs"):
        read_corrections(tmp_path)
