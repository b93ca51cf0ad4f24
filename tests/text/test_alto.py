from pathlib import Path

import pytest
from lxml import etree
from shapely import LineString, Polygon
from transcripts_for_tests import make_transcripts

from kuzushiji.text.alto import NAMESPACE, alto, write_alto

SCHEMAS = Path(__file__).parents[1] / "schemas"
NAMES = {"a": NAMESPACE}


class Local(etree.Resolver):
    """ALTO's schema takes XLink's from the network; the tests have it beside it."""

    def resolve(self, system_url, public_id, context):
        if system_url.endswith("/xlink.xsd"):
            return self.resolve_filename(str(SCHEMAS / "xlink.xsd"), context)
        return None


@pytest.fixture(scope="module")
def schema():
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    return etree.XMLSchema(etree.parse(SCHEMAS / "alto-4-4.xsd", parser))


def test_every_page_is_valid_alto(schema):
    for page in make_transcripts():
        schema.assertValid(etree.fromstring(alto(page)))


def test_a_page_says_how_far_it_can_be_believed(schema):
    page = make_transcripts()[0]
    tree = etree.fromstring(alto(page._replace(confidence=0.5)))
    schema.assertValid(tree)
    assert tree.find("a:Layout/a:Page", NAMES).get("PC") == "0.5000"
    assert etree.fromstring(alto(page)).find("a:Layout/a:Page", NAMES).get("PC") is None


def test_the_schema_refuses_what_is_wrong(schema):
    wrong = alto(make_transcripts()[0]).replace(b'GC="0', b'GC="7', 1)
    assert not schema.validate(etree.fromstring(wrong))


def test_text_and_alternatives_are_those_of_the_transcript():
    page = make_transcripts()[2]
    tree = etree.fromstring(alto(page))
    lines = [line for block in page.blocks for line in block.lines]
    found = tree.findall(".//a:TextLine", NAMES)
    assert [line.find("a:String", NAMES).get("CONTENT") for line in found] == [line.text for line in lines]
    for line, element in zip(lines, found, strict=True):
        glyphs = element.findall(".//a:Glyph", NAMES)
        assert "".join(glyph.get("CONTENT") for glyph in glyphs) == line.text
        assert element.get("TAGREFS") == (line.role if line.role != "text" else None)
        first = line.glyphs[0]
        assert [int(glyphs[0].get(name)) for name in ("HPOS", "VPOS")] == list(first.corners[:2])
        assert all(len(glyph.findall("a:Variant", NAMES)) in (1, 2) for glyph in glyphs)
    assert len(set(tree.xpath("//@ID"))) == len(tree.xpath("//@ID"))
    order = tree.xpath("//a:ElementRef/@REF", namespaces=NAMES)
    assert order == [f"l{line.number}" for line in lines]


def test_the_same_pages_give_the_same_files(tmp_path):
    write_alto(make_transcripts(), tmp_path / "one")
    write_alto(make_transcripts(), tmp_path / "two")
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert set(one) == {"book001.xml", "book002.xml", "other & <1>.xml"}


def test_every_line_has_a_baseline_within_its_outline():
    lines = [
        line for page in make_transcripts() for line in etree.fromstring(alto(page)).iterfind(".//a:TextLine", NAMES)
    ]
    assert lines
    for line in lines:
        outline, baseline = (
            [tuple(map(int, point.split(","))) for point in points.split()]
            for points in (line.find("a:Shape/a:Polygon", NAMES).get("POINTS"), line.get("BASELINE"))
        )
        assert Polygon(outline).buffer(1).covers(LineString(baseline))


def test_a_corrected_page_is_marked(schema):
    tree = etree.fromstring(alto(make_transcripts()[0]._replace(corrected=True)))
    schema.assertValid(tree)
    assert "corrected by hand" in tree.xpath("//a:processingStepDescription/text()", namespaces=NAMES)
