import errno
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.common.images import read_page
from kuzushiji.pages.page_sets import pages as plan
from kuzushiji.pages.pages import check_image, check_pages, name_problem


@pytest.fixture
def scans(tmp_path):
    """A folder of one good page of 60x80 pixels, and a function that checks the folder."""
    folder = tmp_path / "scans"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (80, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "good001-001.jpg")

    def check(extra=()):
        pages = plan({"scans": {"images": str(folder)}}, "scans", 4)
        return check_pages([*pages, *extra], max_megapixels=0.05, processes=1)

    plan.__globals__["list_images"].cache_clear()
    yield folder, check
    plan.__globals__["list_images"].cache_clear()


def test_all_unusable_images_are_reported_together(scans):
    folder, check = scans
    good = Image.open(folder / "good001-001.jpg")
    (folder / "empty.jpg").touch()
    (folder / "text.png").write_text("no image")
    (folder / "truncated.jpg").write_bytes((folder / "good001-001.jpg").read_bytes()[:900])
    good.convert("CMYK").save(folder / "cmyk.jpg")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(folder / "deep.png")
    good.resize((300, 300)).save(folder / "huge.png")
    good.save(folder / "many.tif", save_all=True, append_images=[good])
    good.save(folder / "good001-001.png")
    missing = plan({"scans": {"images": str(folder)}}, "scans", 4)[0]._replace(image_id="gone", path="gone.jpg")
    with pytest.raises(InputError) as error:
        check(extra=[missing])
    message = str(error.value)
    for part in [
        "Problems with the pages (9)",
        "empty.jpg: the file is empty",
        "text.png: is no image",
        "truncated.jpg: is truncated",
        "cmyk.jpg: is CMYK",
        "deep.png: has more than 8 bits",
        "huge.png: 300x300 pixels are more than 0.05 megapixels",
        "many.tif: holds 2 images",
        "good001-001.jpg and ",
        "gone.jpg: the file is missing",
    ]:
        assert part in message


def test_what_can_be_handled_is_handled_and_noted(scans):
    folder, check = scans
    good = Image.open(folder / "good001-001.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    good.save(folder / "turned.jpg", exif=exif)
    good.convert("L").save(folder / "gray.png")
    Image.new("RGBA", (60, 80), (0, 0, 0, 0)).save(folder / "clear.png")
    pages = check()
    pages = pages.set_index("image_id")
    assert "turned upright" in pages.note["turned"]
    assert (pages.width["turned"], pages.height["turned"]) == (80, 60)
    assert read_page(folder / "turned.jpg").shape == (60, 80, 3)
    assert "gray" in pages.note["gray"]
    assert read_page(folder / "gray.png").shape == (80, 60, 3)
    assert "transparent" in pages.note["clear"]
    assert read_page(folder / "clear.png").min() == 255
    assert pages.note["good001-001"] == ""


def test_what_the_system_refuses_is_not_called_damage(scans, monkeypatch):
    def refused(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("kuzushiji.pages.pages.open_page", refused)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
        scans[1]()


def test_a_scroll_is_refused_whose_pictures_no_jpeg_could_hold(tmp_path):
    (tmp_path / "scroll.png").write_bytes(png(65_501, 30))
    problem = check_image(str(tmp_path / "scroll.png"), max_megapixels=200).problem
    assert problem.startswith("is 65501 pixels long, and JPEG, which its pictures are, holds 65500; split")


# Each would end the check of all pages: what Pillow raises is one file's problem.
@pytest.mark.parametrize(("number", "says"), [(2**31 - 1, "2147483647x2147483647 pixels are more"), (60_000, "60000x")])
def test_a_size_is_refused_by_the_header(scans, number, says):
    folder, check = scans
    (folder / "huge.png").write_bytes(png(number, number))
    with pytest.raises(InputError, match=rf"\(1\):\n.*huge.png: {says}"):
        check()


def png(width, height):
    """A PNG file whose header declares this size, with a few rows."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(1000)))]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + b"\0\0\0\0IEND\xaeB`\x82"


def test_a_refused_page_takes_no_memory(tmp_path):
    """In a process of its own, whose highest memory is read: 60,000 pixels a side would take 3.6 GB."""
    path = tmp_path / "bomb.png"
    path.write_bytes(png(60_000, 60_000))
    check = (
        "import resource, sys; from kuzushiji.pages.pages import check_image\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert check_image(sys.argv[1], 200).problem\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    run = subprocess.run([sys.executable, "-c", check, path], capture_output=True, text=True, check=True)
    kilobytes = int(run.stdout) // (1024 if sys.platform == "darwin" else 1)  # macOS counts bytes
    assert kilobytes < 100_000


def test_whatever_pillow_raises_is_one_files_problem(scans):
    folder, check = scans
    good = Image.open(folder / "good001-001.jpg")
    Image.new("RGB", good.size).save(folder / "next.tif")
    tiff = bytearray((folder / "next.tif").read_bytes())
    tiff[130:134] = struct.pack(
        "<I", 140
    )  # the next image, it says, begins among the pixels: without sizes, a TypeError
    (folder / "next.tif").write_bytes(tiff)
    words = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\x006\0\0\0\0\0\0\0"  # orientation as text
    good.save(folder / "words.jpg", exif=words)
    (folder / "folder.jpg").mkdir()
    (folder / "script.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    good.save(folder / "moving.png", format="GIF")
    (folder / "zz_cut.jpg").write_bytes((folder / "good001-001.jpg").read_bytes()[:900])
    with pytest.raises(InputError) as error:
        check()
    for part in [
        "Problems with the pages (6)",
        "next.tif: is truncated or damaged",
        "words.jpg: its orientation is no number ('6')",
        "folder.jpg: is no file",
        "script.png: is no image",
        "moving.png: is no image",
        "zz_cut.jpg: is truncated",
    ]:
        assert part in str(error.value)


@pytest.mark.parametrize("form", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 5, 6, 8, 9, 255])
def test_width_and_height_are_those_of_the_pixels_that_are_read(scans, form, orientation):
    folder, check = scans
    page = Image.open(folder / "good001-001.jpg")
    exif = Image.Exif()
    exif[0x0112] = orientation
    page.save(folder / f"turned.{form}", exif=exif)
    found = check().set_index("image_id").loc["turned"]
    assert read_page(folder / f"turned.{form}").shape == (found.height, found.width, 3)
    assert ("turned" in found.note) == (2 <= orientation <= 8)


@pytest.mark.parametrize("name", ["<b>&'\" $x `ls` #1 [a] *?%", "源氏物語　一", "か\u3099", "e" * 200])
def test_names_that_results_can_have(name):
    assert name_problem(f"scans/{name}.jpg") == ""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a" * 201, "201 bytes"),
        ("あ" * 67, "201 bytes"),
        ("{x}", "has { };"),
        ("a\\b", "has \\"),
        ("a\nb", "control characters"),
        ("a\x7fb", "control characters"),
        ("a\uffffb", "control characters"),
        ("a\udcffb", "bytes that are no UTF-8"),
    ],
)
def test_names_that_results_cannot_have(name, says):
    assert says in name_problem(f"scans/{name}.jpg")
