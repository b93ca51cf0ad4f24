import errno
import os

import numpy as np
import pytest
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.common.images import read_page
from kuzushiji.pages.page_sets import pages as plan
from kuzushiji.pages.pages import check_pages


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
    assert "EXIF" in pages.note["turned"]
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

    monkeypatch.setattr(Image, "open", refused)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
        scans[1]()
