import json
from urllib.parse import urlparse

import jsonschema
import pytest
from transcripts_for_tests import make_transcripts

from kuzushiji.common.errors import InputError
from kuzushiji.text.annotations import Place, annotation_page, write_annotations
from kuzushiji.text.transcripts import extent

CANVAS = "https://library.example/iiif/{book}/canvas/{image_id}"
# What IIIF Presentation 3 and the W3C's Web Annotation model ask of such pages.
URI = {"type": "string", "pattern": r"^https?://[^\s<>{}]+$"}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["@context", "id", "type", "items"],
    "properties": {
        "@context": {
            "type": "array",
            "items": URI,
            "contains": {"const": "http://iiif.io/api/presentation/3/context.json"},
        },
        "id": URI,
        "type": {"const": "AnnotationPage"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "type", "motivation", "body", "target"],
                "properties": {
                    "id": URI,
                    "type": {"const": "Annotation"},
                    "motivation": {"const": "supplementing"},
                    "textGranularity": {"enum": ["page", "block", "paragraph", "line", "word", "glyph"]},
                    "body": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["type", "value"],
                        "properties": {
                            "type": {"const": "TextualBody"},
                            "value": {"type": "string", "minLength": 1},
                            "language": {"const": "ja"},
                            "format": {"const": "text/plain"},
                        },
                    },
                    "target": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["type", "source", "selector"],
                        "properties": {
                            "type": {"const": "SpecificResource"},
                            "source": {
                                "type": "object",
                                "required": ["id", "type"],
                                "properties": {"id": URI, "type": {"const": "Canvas"}},
                            },
                            "selector": {
                                "type": "object",
                                "required": ["type", "value"],
                                "properties": {
                                    "type": {"const": "FragmentSelector"},
                                    "conformsTo": {"const": "http://www.w3.org/TR/media-frags/"},
                                    "value": {"type": "string", "pattern": r"^xywh=\d+,\d+,[1-9]\d*,[1-9]\d*$"},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.mark.parametrize("granularity", [["line"], ["glyph"], ["line", "glyph"]])
def test_pages_are_annotation_pages_of_the_lines_and_characters_asked_for(granularity):
    for page in make_transcripts():
        found = annotation_page(page, CANVAS, granularity)
        jsonschema.validate(found, SCHEMA)
        lines = [line for block in page.blocks for line in block.lines]
        expected = len(lines) * ("line" in granularity) + sum(len(line.glyphs) for line in lines) * (
            "glyph" in granularity
        )
        assert len(found["items"]) == expected
        assert len({item["id"] for item in found["items"]}) == expected


def test_a_line_is_annotated_where_it_stands():
    page = make_transcripts()[0]
    line = page.blocks[0].lines[0]
    first = annotation_page(page, CANVAS, ["line"])["items"][0]
    left, top, right, bottom = extent(line.glyphs)
    assert first["target"]["selector"]["value"] == f"xywh={left},{top},{right - left},{bottom - top}"
    assert first["body"]["value"] == line.text
    assert first["target"]["source"]["id"] == "https://library.example/iiif/book/canvas/book001"


def test_a_page_id_is_encoded_in_the_uri():
    source = annotation_page(make_transcripts()[2], CANVAS, ["line"])["items"][0]["target"]["source"]["id"]
    assert urlparse(source).path == "/iiif/other/canvas/other%20%26%20%3C1%3E"


@pytest.mark.parametrize("canvas", ["https://library.example/{page}", "https://library.example/{", "http://a/{}"])
def test_an_unknown_place_in_the_canvas_is_named(canvas):
    with pytest.raises(InputError, match=r"annotations\.canvas.*image_id"):
        annotation_page(make_transcripts()[0], canvas, ["line"])


def test_files_are_utf_8_and_the_same_each_time(tmp_path):
    write_annotations(make_transcripts(), CANVAS, ["line"], tmp_path / "one")
    write_annotations(make_transcripts(), CANVAS, ["line"], tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    page = make_transcripts()[0]
    text = (tmp_path / "one/book001.json").read_text(encoding="utf-8")
    assert page.blocks[0].lines[0].text in text
    assert json.loads(text) == annotation_page(page, CANVAS, ["line"])


def test_pages_of_a_library_are_annotated_on_its_canvases(tmp_path):
    """In the canvas's units, of which an image has fewer where the library gives no larger one, or covers a part."""
    first, second = make_transcripts()[:2]
    place = Place("http://library.example/{1}/canvas/7", (100, 50, 2 * first.width, 3 * first.height))
    write_annotations([first, second], CANVAS, ["line"], tmp_path, {first.image_id: place})
    found, other = (json.loads((tmp_path / f"{page.image_id}.json").read_text()) for page in (first, second))
    assert other == annotation_page(second, CANVAS, ["line"])
    target = found["items"][0]["target"]
    assert target["source"]["id"] == "http://library.example/{1}/canvas/7"
    left, top, right, bottom = extent(first.blocks[0].lines[0].glyphs)
    whole = (100 + 2 * left, 50 + 3 * top, 2 * (right - left), 3 * (bottom - top))
    assert target["selector"]["value"] == "xywh={},{},{},{}".format(*whole)
