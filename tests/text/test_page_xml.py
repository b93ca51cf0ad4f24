from pathlib import Path

import pytest
from lxml import etree
from shapely import LineString, Polygon
from transcripts_for_tests import make_transcripts

from kuzushiji.text.page_xml import NAMESPACE, page_xml, write_page_xml

SCHEMAS = Path(__file__).parents[1] / "schemas"
NAMES = {"p": NAMESPACE}


@pytest.fixture(scope="module")
def schema():
    return etree.XMLSchema(etree.parse(SCHEMAS / "pagecontent-2019-07-15.xsd"))


def test_every_page_is_valid_page_xml(schema):
    for page in make_transcripts():
        schema.assertValid(etree.fromstring(page_xml(page)))


def test_a_page_says_how_far_it_can_be_believed(schema):
    page = make_transcripts()[0]
    tree = etree.fromstring(page_xml(page._replace(confidence=0.5)))
    schema.assertValid(tree)
    assert tree.find("p:Page", NAMES).get("conf") == "0.5000"
    assert etree.fromstring(page_xml(page)).find("p:Page", NAMES).get("conf") is None


def test_the_schema_refuses_what_is_wrong(schema):
    wrong = page_xml(make_transcripts()[0]).replace(b'conf="0', b'conf="7', 1)
    assert not schema.validate(etree.fromstring(wrong))


def test_text_and_alternatives_are_those_of_the_transcript():
    page = make_transcripts()[2]
    tree = etree.fromstring(page_xml(page))
    lines = [line for block in page.blocks for line in block.lines]
    found = tree.findall(".//p:TextLine", NAMES)
    assert [line.findtext("p:TextEquiv/p:Unicode", namespaces=NAMES) for line in found] == [line.text for line in lines]
    for line, element in zip(lines, found, strict=True):
        glyphs = element.findall(".//p:Glyph", NAMES)
        read = ["".join(glyph.xpath("p:TextEquiv[@index=0]/p:Unicode/text()", namespaces=NAMES)) for glyph in glyphs]
        assert "".join(read) == line.text
        assert [glyph.get("id") for glyph in glyphs] == [f"c{glyph.box}" for glyph in line.glyphs]
        assert all(len(glyph.findall("p:TextEquiv", NAMES)) in (2, 3) for glyph in glyphs)
        assert ("type:ruby" in element.get("custom")) == (line.role == "ruby")
    region = tree.find(".//p:TextRegion", NAMES)
    assert region.get("readingDirection") == "top-to-bottom"
    assert region.get("textLineOrder") == "right-to-left"


def test_regions_are_in_reading_order():
    tree = etree.fromstring(page_xml(make_transcripts()[0]))
    assert tree.xpath("//p:RegionRefIndexed/@regionRef", namespaces=NAMES) == ["b0", "b1"]


def test_the_same_pages_give_the_same_files(tmp_path):
    write_page_xml(make_transcripts(), tmp_path / "one")
    write_page_xml(make_transcripts(), tmp_path / "two")
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert set(one) == {"book001.xml", "book002.xml", "other & <1>.xml"}


def test_every_line_has_a_baseline_within_its_outline():
    """kraken and eScriptorium leave lines without a baseline out, and so does Transkribus."""
    lines = [
        line
        for page in make_transcripts()
        for line in etree.fromstring(page_xml(page)).iterfind(".//p:TextLine", NAMES)
    ]
    assert lines
    for line in lines:
        outline, baseline = (
            [tuple(map(int, point.split(","))) for point in line.find(name, NAMES).get("points").split()]
            for name in ("p:Coords", "p:Baseline")
        )
        assert len(baseline) == 2 and baseline[0][1] < baseline[1][1]
        assert Polygon(outline).buffer(1).covers(LineString(baseline))


def test_a_corrected_page_is_marked(schema):
    page = make_transcripts()[0]
    tree = etree.fromstring(page_xml(page._replace(corrected=True)))
    schema.assertValid(tree)
    assert tree.find("p:Page", NAMES).get("custom") == "corrected {by:hand;}"
    assert etree.fromstring(page_xml(page)).find("p:Page", NAMES).get("custom") is None
