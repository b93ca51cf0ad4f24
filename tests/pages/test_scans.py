"""Scans as libraries and cameras give them."""

import io

import numpy as np
import pikepdf
import pytest
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.pages import page_sets
from kuzushiji.pages.page_sets import pages
from kuzushiji.pages.scans import check_scan, list_scans, passed_over, stays, unpack


def picture(number=0, size=(60, 80)):
    """A page of one gray with a black corner at the upper left."""
    image = np.full((size[1], size[0], 3), 100 + 20 * number, np.uint8)
    image[:20, :20] = 0
    return Image.fromarray(image)


def write_pdf(path, images, password=None):
    images[0].save(path, "PDF", save_all=True, append_images=images[1:], resolution=150)
    if password:
        with pikepdf.open(path, allow_overwriting_input=True) as document:
            document.save(path, encryption=pikepdf.Encryption(owner=password, user=password))


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "scans"
    (found / "second book").mkdir(parents=True)
    picture().save(found / "plain.jpg", quality=95)
    picture(1).save(found / "second book/1.bmp")
    picture(2).save(found / "lossless.webp", lossless=True)
    picture(3).save(found / "library.jp2")
    picture(4).save(found / "phone.heic", quality=90)
    picture(5).save(found / "camera.mpo", save_all=True, append_images=[picture(0)])
    picture(1).save(found / "pages.tif", save_all=True, append_images=[picture(2)])
    write_pdf(found / "book.pdf", [picture(3), picture(4)])
    (found / ".hidden.pdf").write_text("no")
    return found


IDS = {
    "book_0001": ("book", 3),
    "book_0002": ("book", 4),
    "camera": ("scans", 5),
    "library": ("scans", 3),
    "lossless": ("scans", 2),
    "pages_0001": ("pages", 1),
    "pages_0002": ("pages", 2),
    "phone": ("scans", 4),
    "plain": ("scans", 0),
    "second book_1": ("second book", 1),
}


def test_every_kind_of_file_becomes_pages_of_its_own_size(folder, tmp_path):
    scans, problems = list_scans(str(folder))
    assert not problems
    assert {scan.image_id: scan.book for scan in scans} == {name: book for name, (book, _) in IDS.items()}
    unpack(list(scans), tmp_path / "out")
    for name, (_, number) in IDS.items():
        with Image.open(tmp_path / "out" / f"{name}.png") as image:
            assert image.size == (60, 80) and image.mode == "RGB", name
            assert abs(int(np.asarray(image)[60:, 30:].mean()) - (100 + 20 * number)) <= 3, name
            assert np.asarray(image)[2:15, 2:15].mean() < 20, name  # not mirrored, not turned
    named = pages({"mine": {"scans": str(folder)}}, "mine", 1)
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


def test_every_image_in_a_file_is_decoded(folder, tmp_path):
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
    for file in folder.rglob("*.*"):
        if not file.name.startswith("."):
            assert check_scan(str(file), 1) == {}, file


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


def test_a_turned_or_scaled_page_keeps_the_resolution_of_its_image(tmp_path):
    buffer = io.BytesIO()
    picture(size=(300, 400)).save(buffer, "PDF", resolution=600)
    with pikepdf.open(buffer) as document:
        document.pages[0].Rotate = 90
        document.save(tmp_path / "turned.pdf")
    scans, _ = list_scans(str(tmp_path / "turned.pdf"))
    unpack(list(scans), tmp_path / "out")
    with Image.open(tmp_path / "out/turned_0001.png") as image:
        assert image.size == (400, 300)
