"""Own scans that cannot be read, which do not keep the others from being read."""

import json
import os

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin
from scans_for_tests import write_scans

from kuzushiji.common.errors import InputError
from kuzushiji.pages import page_sets, unreadable
from kuzushiji.pages.page_sets import pages
from kuzushiji.pages.scans import list_scans
from kuzushiji.pages.unpack import unpack
from kuzushiji.pages.unreadable import check_scan, lines, recorded, sort_scans, unreadable_table


@pytest.fixture
def scans(tmp_path):
    """A folder of three good pages and a truncated one, and a function that sorts its scans."""
    folder = tmp_path / "scans"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (80, 60, 3), dtype=np.uint8)
    for number in (1, 2, 3, 4):
        Image.fromarray(noise).save(folder / f"{number}.png")
    cut(folder / "2.png")

    def sort(max_megapixels=1):
        return sort_scans(listed(folder), folder, tmp_path / "record.json", max_megapixels, 1)

    yield folder, sort
    list_scans.cache_clear()


def listed(folder):
    list_scans.cache_clear()
    return list_scans(str(folder))[0]


def cut(path):
    path.write_bytes(path.read_bytes()[:2000])


def planned(folder, found):
    list_scans.cache_clear()
    return [page.image_id for page in pages({"mine": {"scans": str(folder), "unreadable": list(found)}}, "mine", 1)]


def test_the_others_are_read(scans):
    folder, sort = scans
    found = sort()
    assert "truncated" in found["2.png"] and len(found) == 1
    assert planned(folder, found) == ["1", "3", "4"]
    assert unreadable_table(found).values.tolist() == [["2.png", found["2.png"]]]
    assert lines(found, most=0) == ["  and 1 more"]


def test_only_what_is_new_changed_or_was_unreadable_is_opened_again(scans, monkeypatch):
    folder, sort = scans
    sort()
    opened = []
    check = unreadable.check_scans
    monkeypatch.setattr(unreadable, "check_scans", lambda paths, *rest: opened.extend(paths) or check(paths, *rest))
    cut(folder / "3.png")
    assert sorted(sort()) == ["2.png", "3.png"]
    assert [os.path.basename(path) for path in opened] == ["2.png", "3.png"]
    sort(2)  # by another limit all are
    assert len(opened) == 2 + 4


def test_jobs_plan_what_the_run_found(scans, tmp_path):
    found = scans[1]()
    assert recorded(tmp_path / "record.json") == found
    assert recorded(tmp_path / "none.json") == {}


def test_a_damaged_record_is_made_again(scans, tmp_path):
    found = scans[1]()
    (tmp_path / "record.json").write_text("[" + json.dumps({}))
    assert scans[1]() == found


def test_of_two_files_of_one_page_the_first_is_read(scans):
    folder, sort = scans
    (folder / "1.jpg").write_bytes((folder / "1.png").read_bytes())
    found = sort()
    assert found["1.png"] == "gives a page that 1.jpg gives too, which is read; rename one of them"
    assert planned(folder, found) == ["1", "3", "4"]
    (folder / "1.jpg").write_bytes(b"no image")  # then the other one
    assert sorted(sort()) == ["1.jpg", "2.png"]


def test_names_that_results_cannot_have_are_left_out(scans):
    folder, sort = scans
    good = (folder / "1.png").read_bytes()
    for name in (b"no\xff.png", b"li\nne.png", b"{x}.png", b"back\\slash.png", b"a" * 240 + b".png"):
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(good)
    found = sort()
    assert len(found) == 6
    said = "\n".join(lines(found))
    assert said.isascii() and said.count("\n") == 5
    assert unreadable_table(found).to_csv().encode()
    assert planned(folder, found) == ["1", "3", "4"]


def test_pages_whose_names_are_too_long_with_their_folders_are_left_out(scans):
    folder, sort = scans
    above = folder / ("巻" * 36)
    above.mkdir()
    os.rename(folder / "3.png", above / f"{'頁' * 41}.png")
    found = sort()
    (name,) = found.keys() - {"2.png"}
    assert name == f"{'巻' * 36}/{'頁' * 41}.png"
    assert found[name].startswith("with its folders' names, its name has 232 bytes, more than 200")


def test_pages_of_a_pdf_that_would_be_too_large_are_left_out(scans):
    folder, sort = scans
    large, little = Image.new("L", (3000, 3000)), Image.new("L", (100, 100))
    large.save(folder / "book.pdf", save_all=True, append_images=[little])
    large.save(folder / "only.pdf")
    found = sort(2)
    assert found.keys() == {"2.png", "book.pdf, image 1", "only.pdf"}
    assert (
        "of its largest image 3000x3000 pixels are more than 2 megapixels; scale or split" in found["book.pdf, image 1"]
    )
    assert "has no other page than such: in the resolution of its largest image 3000x3000" in found["only.pdf"]


def test_damaged_pages_of_a_pdf_are_left_out(scans):
    folder, sort = scans
    pages = [Image.new("L", (60, 80), shade) for shade in (100, 200)]
    pages[0].save(folder / "book.pdf", save_all=True, append_images=pages[1:])
    whole = (folder / "book.pdf").read_bytes()
    (folder / "book.pdf").write_bytes(whole.replace(b"/Count 2", b"/Count 3"))
    found = sort()
    assert found.keys() == {"2.png", "book.pdf, image 3"}
    assert "cannot be read as a page of a PDF" in found["book.pdf, image 3"]
    assert planned(folder, found) == ["1", "3", "4", "book_0001", "book_0002"]


def test_pages_of_a_pdf_that_no_jpeg_can_hold_are_left_out(scans):
    folder, sort = scans
    page = Image.new("1", (10, 65_501))
    page.save(folder / "scroll.pdf", save_all=True, append_images=[Image.new("L", (60, 80))])
    assert "is 65501 pixels long" in sort()["scroll.pdf, image 1"]


def test_among_subfolders_what_is_cut_is_left_out(scans, tmp_path):
    folder, _ = scans
    book = folder / "book"
    book.mkdir()
    for name in ("1.png", "2.png"):  # the page 2 of each is cut; names repeat in subfolders
        (book / name).write_bytes((folder / name).read_bytes())
    Image.open(folder / "1.png").save(folder / "book.pdf", resolution=300)

    def plan():
        found = sort_scans(listed(folder), folder, tmp_path / "record.json", 1, 1)
        planned = pages({"mine": {"scans": str(folder), "unreadable": list(found)}}, "mine", 1)
        return found, {page.image_id: page.path for page in planned}

    found, planned = plan()
    assert sorted(found) == ["2.png", "book/2.png"] and "truncated" in found["book/2.png"]
    unpacked = {name: f"results/unpacked/mine/0/{name}.png" for name in ("book_0001", "book_1")}
    assert planned == {name: str(folder / f"{name}.png") for name in ("1", "3", "4")} | unpacked
    (book / "2.png").write_bytes((folder / "1.png").read_bytes())
    for found, again in (plan(), plan()):
        assert list(found) == ["2.png"]
        assert again == planned | {"book_2": "results/unpacked/mine/0/book_2.png"}


def test_every_image_in_a_file_is_decoded(tmp_path):
    """What no header tells: files that are cut, of every kind that is unpacked, and what networks cannot see."""
    noise = Image.effect_noise((300, 400), 60).convert("RGB")
    for name in ("cut.jpg", "cut.png", "cut.bmp", "cut.webp", "cut.jp2", "cut.heic"):
        noise.save(tmp_path / name)
        assert check_scan(str(tmp_path / name), 1) == {}
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        assert "truncated or damaged" in check_scan(str(tmp_path / name), 1)[""], name
    noise.save(tmp_path / "book.tif", save_all=True, append_images=[noise.convert("CMYK")])
    assert check_scan(str(tmp_path / "book.tif"), 1) == {", image 2": "is CMYK; convert it to RGB"}
    assert check_scan(str(tmp_path / "book.tif"), 0.1)[""].startswith(
        "has 2 images, of which none can be read; the first"
    )
    noise.save(tmp_path / "large.bmp")
    assert "megapixels" in check_scan(str(tmp_path / "large.bmp"), 0.1)[""]
    write_scans(tmp_path / "scans")
    for file in (tmp_path / "scans").rglob("*.*"):
        if not file.name.startswith("."):
            assert check_scan(str(file), 1) == {}, file


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg"])
def test_of_a_tiff_only_the_damaged_images_are_left_out(tmp_path, compression):
    noise = [Image.effect_noise((80, 100), 60).convert("RGB") for _ in range(4)]
    book = tmp_path / "scans/book.tif"
    book.parent.mkdir()
    noise[0].save(book, save_all=True, append_images=noise[1:], compression=compression)
    with Image.open(book) as image:
        image.seek(2)
        start = image.tag_v2[TiffImagePlugin.STRIPOFFSETS][0]
    content = bytearray(book.read_bytes())
    content[start : start + 400] = b"\xff" * 400
    book.write_bytes(content)
    for _ in range(2):  # anew, and by the record
        found = sort_scans(listed(book.parent), book.parent, tmp_path / "record.json", 1, 1)
        assert list(found) == ["book.tif, image 3"]
        assert found["book.tif, image 3"].startswith("is truncated or damaged")
    mine = {"scans": str(book.parent), "unreadable": list(found)}
    planned = [page.image_id for page in pages({"mine": mine}, "mine", 1)]
    assert planned == ["book_0001", "book_0002", "book_0004"]
    unpack(page_sets.scans(mine), tmp_path / "pages")
    assert sorted(path.stem for path in (tmp_path / "pages").iterdir()) == planned


def test_a_folder_without_any_readable_scan_stops(scans):
    folder, sort = scans
    for path in folder.iterdir():
        path.write_bytes(b"no image")
    with pytest.raises(InputError, match=r"no scan can be read:\n  1.png: is no image.*\n  2.png"):
        sort()
