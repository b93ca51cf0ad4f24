"""Scans as libraries and cameras give them."""

import pikepdf
import pytest
from PIL import TiffImagePlugin
from scans_for_tests import IDS, picture, write_pdf, write_scans

from kuzushiji.common.errors import InputError
from kuzushiji.pages import page_sets
from kuzushiji.pages.pages import check_image
from kuzushiji.pages.scans import frames, list_scans, passed_over, stays
from kuzushiji.pages.unreadable import check_scan


@pytest.fixture
def folder(tmp_path):
    write_scans(tmp_path / "scans")
    return tmp_path / "scans"


def test_every_page_of_every_kind_of_file_is_listed(folder):
    scans, problems = list_scans(str(folder))
    assert not problems
    assert {scan.image_id: scan.book for scan in scans} == {name: book for name, (book, _) in IDS.items()}
    named = page_sets.pages({"mine": {"scans": str(folder)}}, "mine", 1)
    unpacked = {name: f"results/unpacked/mine/0/{name}.png" for name in IDS}
    assert {page.image_id: page.path for page in named} == unpacked | {"plain": str(folder / "plain.jpg")}


def test_images_stay_as_they_are_whatever_lies_beside_them(tmp_path):
    (tmp_path / "more").mkdir()
    picture().save(tmp_path / "1.png")
    picture().save(tmp_path / "2.tif")
    picture().save(tmp_path / "3.tif", save_all=True, append_images=[picture()])
    picture().save(tmp_path / "more/4.png")  # its name alone would not say which page it is
    assert {scan.image_id: stays(scan) for scan in list_scans(str(tmp_path))[0]} == {
        **{"1": True, "2": True},
        **{"3_0001": False, "3_0002": False, "more_4": False},
    }


def test_smaller_copies_and_masks_in_a_tiff_are_no_pages(tmp_path):
    def kind(number):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[254] = number
        return tags

    def write(name, *kinds):
        images = [picture(number, (60 - number, 80)) for number in range(len(kinds))]
        for image, number in zip(images, kinds, strict=True):
            image.encoderinfo = {"tiffinfo": kind(number)}
        images[0].save(tmp_path / name, save_all=True, append_images=images[1:], tiffinfo=kind(kinds[0]))

    write("one.tif", 0, 1, 1)  # as libraries' servers of images have them
    write("two.tif", 2, 1, 2, 5)
    scans = {scan.image_id: (scan.frame, stays(scan)) for scan in list_scans(str(tmp_path))[0]}
    assert scans == {"one": (0, True), "two_0001": (0, False), "two_0002": (2, False)}
    assert check_image(str(tmp_path / "one.tif"), 1)[:4] == (60, 80, "", "")
    assert check_scan(str(tmp_path / "two.tif"), 1) == {}
    odd = TiffImagePlugin.ImageFileDirectory_v2()
    odd.tagtype[254], odd[254] = 2, "one"  # no number
    pages = [picture(), picture(1)]
    pages[0].save(tmp_path / "odd.tif", save_all=True, append_images=pages[1:], tiffinfo=odd)
    assert frames(tmp_path / "odd.tif") == [0, 1]


def test_linked_folders_are_entered_once(tmp_path):
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "scans"
    for place in (elsewhere, folder / "second"):
        place.mkdir(parents=True)
        picture().save(place / "1.png")
    (folder / "book").symlink_to(elsewhere)
    (folder / "again").symlink_to(folder / "second")
    (elsewhere / "back").symlink_to(folder)
    found = [(scan.image_id, scan.book) for scan in list_scans(str(folder))[0]]
    assert found == [("book_1", "book"), ("second_1", "second")]
    (elsewhere / "b.djvu").touch()
    assert passed_over(folder) == {".djvu": 1}


def test_configured_scans_are_all_read_or_named(tmp_path):
    picture().save(tmp_path / "1.png")
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.4 nothing")
    mine = {"scans": str(tmp_path)}
    with pytest.raises(InputError, match=r"scans that cannot be read \(1\).*\ncut.pdf: cannot be read as a PDF"):
        page_sets.pages({"mine": mine}, "mine", 1)
    for more in ({"unreadable": []}, {"pages": ["1"]}):
        assert [page.image_id for page in page_sets.pages({"mine": mine | more}, "mine", 1)] == ["1"]


def test_images_are_one_book_unless_all_say_their_books(tmp_path):
    for name in ("100241706_00004_2.png", "200015779_00053_2.png"):
        picture().save(tmp_path / name)
    write_pdf(tmp_path / "book.pdf", [picture()])
    books = {scan.image_id: scan.book for scan in list_scans(str(tmp_path))[0]}
    assert books == {
        "100241706_00004_2": "100241706",
        "200015779_00053_2": "200015779",
        "book_0001": tmp_path.name,
    }
    picture().save(tmp_path / "1.png")
    assert {scan.book for scan in list_scans.__wrapped__(str(tmp_path))[0]} == {tmp_path.name}
    assert list_scans(str(tmp_path / "1.png"))[0][0].book == "1"


def test_what_cannot_be_used_is_listed_and_the_rest_is_read(folder):
    write_pdf(folder / "locked.pdf", [picture()], password="secret")
    blank = pikepdf.new()
    blank.add_blank_page()
    blank.save(folder / "text.pdf")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (folder / "broken.heic").write_bytes(b"nothing")
    scans, problems = list_scans(str(folder))
    assert {scan.image_id for scan in scans} == set(IDS)
    said = "\n".join(f"{name}: {reason}" for name, reason in problems.items())
    assert len(problems) == 4
    for words in (
        "locked.pdf: needs a password",
        "text.pdf: has no page that is an image",
        "broken.pdf: cannot be read as a PDF",
    ):
        assert words in said
    assert "broken.heic: cannot be read as an image" in said


def test_what_is_passed_over_is_counted_by_kind(tmp_path):
    names = ["1.jpg", "2.jp2", "4.pdf", "book/5.JPG", ".hidden.jpg", "notes", "a.djvu", "book/b.DJVU", "c.csv"]
    (tmp_path / "book").mkdir()
    for name in names:
        (tmp_path / name).touch()
    counts = {".djvu": 2, "hidden files": 1, "files without a suffix": 1}
    assert passed_over(tmp_path, tmp_path / "c.csv") == counts
    assert passed_over(tmp_path) == counts | {".csv": 1}
    assert passed_over(tmp_path / "4.pdf") == {}


def test_one_file_is_a_book_and_nothing_readable_is_an_error(folder, tmp_path):
    scans, _ = list_scans(str(folder / "book.pdf"))
    assert [(scan.image_id, scan.book) for scan in scans] == [("book_0001", "book"), ("book_0002", "book")]
    write_pdf(tmp_path / "locked.pdf", [picture()], password="secret")
    with pytest.raises(InputError, match=r"(?s)holds no scans that can be read.*needs a password"):
        list_scans(str(tmp_path / "locked.pdf"))
    with pytest.raises(InputError, match="no such file or folder"):
        list_scans(str(tmp_path / "none"))
    picture().save(folder / "plain.bmp")
    list_scans.cache_clear()
    with pytest.raises(InputError, match="both give the page plain"):
        page_sets.scans({"scans": str(folder)})
    list_scans.cache_clear()
