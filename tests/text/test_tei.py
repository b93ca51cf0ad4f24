from pathlib import Path

import pytest
from lxml import etree
from transcripts_for_tests import make_transcripts

from kuzushiji.text.tei import NAMESPACE, tei, write_tei
from kuzushiji.text.transcripts import extent

SCHEMAS = Path(__file__).parents[1] / "schemas"
NAMES = {"t": NAMESPACE}
ID = "{http://www.w3.org/XML/1998/namespace}id"


@pytest.fixture(scope="module")
def schema():
    return etree.RelaxNG(etree.parse(SCHEMAS / "tei.rng"))


def test_every_book_is_valid_tei(schema, tmp_path):
    write_tei(make_transcripts(), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"book.xml", "other.xml"}
    for path in tmp_path.iterdir():
        schema.assertValid(etree.parse(path))


def test_the_text_is_that_of_the_transcript_with_ruby_and_notes_in_place():
    page = make_transcripts()[2]
    tree = etree.fromstring(tei("other", [page]))
    lines = [line for block in page.blocks for line in block.lines]
    main = "".join("".join(line.text for line in lines if line.role != "ruby").split())
    without_ruby = "".join(tree.xpath("//t:p//text()[not(ancestor::t:rt) and ancestor::t:body]", namespaces=NAMES))
    assert "".join(without_ruby.split()) == main
    beside = [line for line in lines if line.role == "ruby"]
    assert beside and [rt.text for rt in tree.iterfind(".//t:rt", NAMES)] == [line.text for line in beside]
    of_box = {glyph.box: glyph.text for line in lines for glyph in line.glyphs}
    assert [rb.text for rb in tree.iterfind(".//t:rb", NAMES)] == [of_box[line.base] for line in beside]
    notes = [line.text for line in lines if line.role == "note"]
    segments = tree.findall(".//t:note/t:seg", NAMES)
    assert notes and len(notes) % 2 == 0
    assert ["".join(seg.xpath("text()|t:ruby/t:rb/text()", namespaces=NAMES)) for seg in segments] == notes


def test_every_column_names_its_place_in_the_facsimile():
    pages = make_transcripts()[:2]
    tree = etree.fromstring(tei("book", pages))
    zones = {zone.get(ID): zone for zone in tree.iterfind(".//t:zone", NAMES)}
    ids = tree.xpath("//@xml:id")
    assert len(ids) == len(set(ids))
    named = tree.xpath("//@corresp")
    assert named and {name.removeprefix("#") for name in named} <= set(ids)
    first = tree.find(".//t:lb", NAMES)
    assert first.get("n") == "1.1"
    zone = zones[first.get("corresp").removeprefix("#")]
    left, top, right, bottom = extent(pages[0].blocks[0].lines[0].glyphs)
    assert [int(zone.get(name)) for name in ("ulx", "uly", "lrx", "lry")] == [left, top, right, bottom]
    assert [pb.get("facs") for pb in tree.iterfind(".//t:pb", NAMES)] == ["book001.jpg", "book002.jpg"]


def test_a_corrected_page_is_marked(schema):
    first, second = make_transcripts()[:2]
    tree = etree.fromstring(tei("book", [first, second._replace(corrected=True)]))
    schema.assertValid(tree)
    assert [change.get("target") for change in tree.iterfind(".//t:change", NAMES)] == ["#page-2"]
