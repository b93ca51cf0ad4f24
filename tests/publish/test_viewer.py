import base64
import io
import json
import re
from html.parser import HTMLParser

import pytest
from fontTools.ttLib import TTFont
from PIL import Image
from tables_for_tests import empty, golden_truth
from viewer_for_tests import BOXES, IDS, make_viewer, recognized, tables

from kuzushiji.pages.labels import read_labels, truth_table
from kuzushiji.publish.viewer import _checksum_of_places, join_boxes, label_runs, page_boxes


class Scripts(HTMLParser):
    """The text of every script element, by its id."""

    def __init__(self, page):
        super().__init__()
        self.found, self.current, self.heads = {}, None, []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.heads.append((tag, dict(attributes)))
        if tag == "script":
            self.current = dict(attributes).get("id", "code")
            self.found[self.current] = ""

    def handle_endtag(self, tag):
        if tag == "script":
            self.current = None

    def handle_data(self, data):
        if self.current is not None:
            self.found[self.current] += data

    def image(self, number):
        return Image.open(io.BytesIO(base64.b64decode(self.found[f"image-{number}"])))


def test_pages_and_boxes_are_embedded_whatever_they_are_called(tmp_path):
    scripts = Scripts(make_viewer(tmp_path))
    page_set = json.loads(scripts.found["page-set"])
    assert [page["id"] for page in page_set["pages"]] == IDS
    assert page_set["name"] == "mine"
    boxes = [json.loads(scripts.found[f"boxes-{number}"]) for number in range(3)]
    assert ["".join(box["character"] for box in page if box["kept"]) for page in boxes] == ["いろはにほ", "ほへ", ""]
    assert sum(map(len, boxes)) == len(BOXES)
    assert set(scripts.found) == {"page-set", "code", *(f"{kind}-{n}" for kind in ("boxes", "image") for n in range(3))}


def test_a_box_has_all_that_is_known_of_it():
    boxes = page_boxes(join_boxes(*tables(recognized().iloc[:6])))
    assert boxes[1] == {
        "x": 300,
        "y": 160,
        "width": 40,
        "height": 50,
        "character": "ろ",
        "probability": 0.55,
        "keep_probability": 0.95,
        "kept": True,
        "block": 0,
        "column": 0,
        "line": 0,
        "role": "text",
        "alternatives": [("ろ", 0.55), ("る", 0.225), ("3", 0.1125)],
    }
    assert [box["column"] for box in boxes] == [0, 0, 0, 1, 1, -1]
    assert [box["kept"] for box in boxes] == [True] * 5 + [False]


def test_labels_are_embedded_as_the_workflow_reads_them(tmp_path):
    truth = golden_truth()
    rows = [f"{image_id},{labels}\n" for image_id, labels in label_runs(truth).items()]
    (tmp_path / "labels.csv").write_text("".join(["image_id,labels\n", *rows]))
    boxes, problems = read_labels(tmp_path / "labels.csv")
    assert problems == [] and truth_table(boxes).equals(truth)
    assert label_runs(empty("truth")) == {}


def test_images_are_shrunk_to_the_longer_side_asked_for_and_never_enlarged(tmp_path):
    assert Scripts(make_viewer(tmp_path, max_side=300)).image(0).size == (200, 300)
    assert Scripts(make_viewer(tmp_path, max_side=2000)).image(2).size == (400, 600)


def test_too_many_megabytes_shrink_all_pages_alike_down_to_what_can_be_read(tmp_path, caplog, monkeypatch):
    whole = make_viewer(tmp_path, quality=90)
    size = sum(len(base64.b64decode(Scripts(whole).found[f"image-{number}"])) for number in range(3))
    monkeypatch.setattr("kuzushiji.publish.viewer._SMALLEST_SIDE", 200)
    shrunk = Scripts(make_viewer(tmp_path, quality=90, max_megabytes=0.6 * size / 1e6))
    sizes = {shrunk.image(number).size for number in range(3)}
    assert len(sizes) == 1
    assert 200 < sizes.pop()[1] < 600
    assert sum(len(base64.b64decode(shrunk.found[f"image-{number}"])) for number in range(3)) <= 0.6 * size
    assert "viewer.max_megabytes" in caplog.text
    assert Scripts(make_viewer(tmp_path, max_megabytes=1e-6)).image(0).size[1] == 200


def test_the_page_needs_nothing_from_outside(tmp_path):
    page = make_viewer(tmp_path)
    scripts = Scripts(page)
    policy = next(attributes["content"] for tag, attributes in scripts.heads if attributes.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert not [attributes for tag, attributes in scripts.heads if {"src", "href"} & attributes.keys()]
    addresses = set(re.findall(r"https?://[\w./]+", page.read_text(encoding="utf-8")))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_the_embedded_font_has_the_characters_and_their_alternatives(tmp_path):
    text = make_viewer(tmp_path).read_text(encoding="utf-8")
    (font,) = re.findall(r"data:font/woff;base64,([\w+/=]+)", text)
    characters = TTFont(io.BytesIO(base64.b64decode(font))).getBestCmap()
    assert {ord(character) for *_, character, _, _, others in BOXES for character in character + others} == set(
        characters
    )


def test_the_same_input_gives_the_same_bytes(tmp_path):
    first = make_viewer(tmp_path).read_bytes()
    assert make_viewer(tmp_path).read_bytes() == first
    assert [path.name for path in (tmp_path / "viewer").iterdir()] == ["mine.html"]


@pytest.mark.parametrize("name", ["</title><script>alert(1)</script>", "a & b"])
def test_names_are_escaped(tmp_path, name):
    page = make_viewer(tmp_path, name=name.replace("/", "∕"))
    assert json.loads(Scripts(page).found["page-set"])["name"] == name.replace("/", "∕")
    assert "<script>alert" not in page.read_text(encoding="utf-8")


def test_scans_that_were_left_out_are_listed(tmp_path):
    html = make_viewer(tmp_path, unreadable=[("<b>.jpg", "is CMYK; convert it to RGB")]).read_text(encoding="utf-8")
    assert "Not read (1)" in html and "&lt;b&gt;.jpg</b>: is CMYK; convert it to RGB" in html
    assert "Not read" not in make_viewer(tmp_path).read_text(encoding="utf-8")


def test_corrections_are_stored_apart_for_folders_of_one_name(tmp_path):
    viewers = {folder: make_viewer(tmp_path / folder) for folder in ("A", "B", "A")}
    stored = {
        folder: re.search(r'"storage":"(kuzushiji mine [0-9a-f]{16})"', path.read_text())
        for folder, path in viewers.items()
    }
    assert stored["A"][1] != stored["B"][1]


def test_pages_that_the_workflow_made_have_one_place_in_every_checkout(tmp_path, monkeypatch):
    places = {}
    for folder in ("A", "B"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        every = ["results/synthetic/drawn", "https://library.example/manifest.json", "scans", "."]
        places[folder] = [_checksum_of_places([place]) for place in every]
    same = [here == there for here, there in zip(places["A"], places["B"], strict=True)]
    assert same == [True, True, False, False]
