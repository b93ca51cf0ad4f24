"""IIIF manifests, as libraries give them and as they should not."""

import json

import pytest
from library_for_tests import SIZE

from kuzushiji.common.errors import InputError
from kuzushiji.pages.manifest import (
    book_name,
    get_manifest,
    is_address,
    left_out_record,
    manifest_path,
    read_left_out,
    read_manifest,
)
from kuzushiji.pages.page_sets import canvases, pages
from kuzushiji.pages.scans import list_scans


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("service", [None, 2, 3])
def test_pages_are_known_by_both_versions(library, tmp_path, version, service):
    address = library.give_book("2532160", 3, version, service)
    path = manifest_path(address, tmp_path)
    get_manifest(address, path)
    book, found = read_manifest(path)
    assert book == "2532160"
    for number, canvas in enumerate(found, 1):
        assert canvas.identity == f"{library.root}/2532160/canvas/{number}"
        assert canvas.label == str(number) and not canvas.problem
        assert canvas.image == f"{library.root}/files/2532160-{number}.jpg"
        assert canvas.service == (f"{library.root}/images/2532160-{number}" if service else "")
        assert canvas.region == (0, 0, 2 * SIZE[0], 2 * SIZE[1])
    assert [scan.image_id for scan in list_scans(str(path))[0]] == ["2532160_0001", "2532160_0002", "2532160_0003"]
    settings = {"scans": str(path), "pages": ["2532160_0002"]}
    assert canvases(settings) == {"2532160_0002": [f"{library.root}/2532160/canvas/2", [0, 0, 600, 800]]}
    assert [page.path for page in pages({"mine": settings}, "mine", 1)] == ["results/unpacked/mine/0/2532160_0002.png"]


def test_a_manifest_is_fetched_once(library, tmp_path):
    address = library.give_book("book", 1, 3, 3)
    for _ in range(2):
        get_manifest(address, tmp_path / "manifest.json")
    assert library.paths() == ["/book/manifest.json"]
    assert library.asked[0][1].startswith("kuzushiji")


@pytest.mark.parametrize(
    "answer, says",
    [
        (b"<!DOCTYPE html><html></html>", "is a web page, and no IIIF manifest; say the address of the manifest"),
        (b"[" * 100_000, "is no JSON, and no IIIF manifest"),
        (b"\xff\xd8\xff\xe0 picture", "is no JSON, and no IIIF manifest"),
        ({"hello": "world"}, "is JSON, but no IIIF manifest"),
        ({"type": "Canvas", "items": []}, r"is JSON, but no IIIF manifest \(Canvas\)"),
        ({"type": "Manifest", "items": []}, "lists no pages"),
        ({"@type": "sc:Manifest", "sequences": []}, "lists no pages"),
        ({"type": "Manifest", "items": [{"id": "http://a"}, {"type": "Canvas"}]}, "its page 2 has no id"),
        ({"type": "Collection", "items": [{"id": "http://a/1"}, {"id": "http://a/2"}]}, "one: http://a/1, http://a/2"),
        ({"@type": "sc:Collection", "manifests": [{"@id": "http://a/1"}]}, "is a collection of books.*http://a/1"),
        ((404, {}, b""), "cannot be downloaded .404"),
        ((200, {"Slow": "0.5"}, b"{}"), "cannot be downloaded .*timed out"),
    ],
)
def test_what_is_no_manifest_is_said_and_not_kept(library, tmp_path, answer, says):
    address = library.gives("/book/manifest.json", answer)
    with pytest.raises(InputError, match=f"{address}: .*{says}"):
        get_manifest(address, tmp_path / "manifest.json", pause=0, timeout=0.2)
    assert not (tmp_path / "manifest.json").exists()
    book = library.give_book("book", 1, 2, None)  # mended
    get_manifest(book, tmp_path / "manifest.json")
    assert len(read_manifest(tmp_path / "manifest.json").canvases) == 1


def kept(tmp_path, items, version=3):
    content = {"id": "http://a/iiif/b/manifest", "type": "Manifest", "items": items}
    if version == 2:
        content = {"@id": "http://a/iiif/b/manifest", "@type": "sc:Manifest", "sequences": [{"canvases": items}]}
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    return tmp_path / "manifest.json"


def canvas(number, *bodies, target=None, **more):
    paintings = [{"motivation": "painting", "body": body, "target": target or f"http://a/{number}"} for body in bodies]
    return {
        "id": f"http://a/{number}",
        "type": "Canvas",
        "width": 10,
        "height": 20,
        "items": [{"items": paintings}],
    } | more


IMAGE = {"id": "http://a/1.jpg", "type": "Image"}


def test_pages_without_one_image_are_listed_and_the_others_keep_their_numbers(tmp_path):
    path = kept(tmp_path, [canvas(1), canvas(2, IMAGE, IMAGE), canvas(3, IMAGE), canvas(4, IMAGE)])
    left_out_record(path).write_text(json.dumps({"b_0003": "404 Not Found"}))
    scans, problems = list_scans(str(path))
    assert [(scan.image_id, scan.book, scan.frame) for scan in scans] == [("b_0004", "b", 3)]
    assert problems == {
        "b_0001": "canvas http://a/1 has no image",
        "b_0002": "canvas http://a/2 is put together from 2 images, which is not supported",
        "b_0003": "404 Not Found",
    }
    left_out_record(path).write_text("damaged")
    assert read_left_out(path) == {}
    with pytest.raises(InputError, match=r"(?s)no page of this manifest can be read.*b_0001: canvas http://a/1 has no"):
        list_scans.__wrapped__(str(kept(tmp_path, [canvas(1)])))


def test_what_is_no_address_counts_as_absent(tmp_path):
    served = IMAGE | {"service": {"id": "/i/1", "type": "ImageService3"}}
    named = IMAGE | {"id": "files/1.jpg", "service": {"id": "http://a/i/1", "type": "ImageService3"}}
    neither = served | {"id": "files/1.jpg"}
    found = read_manifest(kept(tmp_path, [canvas(1, served), canvas(2, named), canvas(3, neither)])).canvases
    assert [(entry.image, entry.service, entry.problem) for entry in found] == [
        ("http://a/1.jpg", "", ""),
        ("", "http://a/i/1", ""),
        ("", "", "has an image without an address"),
    ]


@pytest.mark.parametrize(
    "part, region",
    [
        ("1,2.5,3,4", (1, 2.5, 3, 4)),
        ("pixel:1,2,3,4", (1, 2, 3, 4)),
        *[(part, (0, 0, 10, 20)) for part in ("1.2.3,0,10,10", ".,0,10,10", "1,2,3", "percent:1,2,3,4", "-1,0,10,10")],
    ],
)
def test_what_is_no_part_of_a_canvas_is_all_of_it(tmp_path, part, region):
    (entry,) = read_manifest(kept(tmp_path, [canvas(1, IMAGE, target=f"http://a/1#xywh={part}")])).canvases
    assert entry.region == region


def test_choices_parts_and_other_services(tmp_path):
    other = {"@context": "http://iiif.io/api/auth/1/context.json", "@id": "http://a/login", "profile": "login"}
    served = IMAGE | {"service": [other, {"@id": "http://a/i/", "profile": "http://iiif.io/api/image/2/level1.json"}]}
    items = [
        canvas(1, {"type": "Choice", "items": [served, IMAGE | {"id": "http://a/other.jpg"}]}),
        canvas(2, IMAGE, target="http://a/2#xywh=5,10,5,10"),
        canvas(3, IMAGE, target={"type": "SpecificResource", "source": "http://a/3"}, label={"ja": ["表紙"]}),
        canvas(4, {"type": "TextualBody", "value": "x"}, IMAGE),
    ]
    found = read_manifest(kept(tmp_path, items)).canvases
    assert [entry.problem for entry in found] == [""] * 4
    assert found[0].service == "http://a/i" and found[0].image == "http://a/1.jpg"
    assert found[1].region == (5, 10, 5, 10)
    assert found[2].label == "表紙" and found[2].region == (0, 0, 10, 20)
    old = {
        "@id": "http://a/1",
        "@type": "sc:Canvas",
        "label": [{"@value": "一", "@language": "ja"}],
        "images": [
            {"resource": {"@type": "oa:Choice", "default": {"@id": "http://a/1.jpg", "@type": "dctypes:Image"}}}
        ],
    }
    (entry,) = read_manifest(kept(tmp_path, [old], 2)).canvases
    assert (entry.label, entry.image, entry.problem) == ("一", "http://a/1.jpg", "")


@pytest.mark.parametrize(
    "address, name",
    [
        ("https://dl.library.example/api/iiif/2532160/manifest.json", "2532160"),
        ("https://library.example/iiif/3/ark:%2F12148%2Fbtv1b/manifest", "ark_12148_btv1b"),
        ("https://library.example/manifest?id=源氏", "源氏"),
        ("https://library.example/iiif/manifest", "book"),
        ("HTTP://library.example/books/x.json", "x"),
    ],
)
def test_a_book_is_called_by_what_its_address_says(address, name):
    assert is_address(address) and not is_address(address.removeprefix("https://").removeprefix("HTTP://"))
    assert book_name(address) == name
    assert manifest_path(address, "a") != manifest_path(address + "#", "a")
