"""The page images that scans become."""

import io

import numpy as np
import pikepdf
import pytest
from PIL import Image
from scans_for_tests import IDS, picture, write_scans

from kuzushiji.pages.scans import list_scans
from kuzushiji.pages.unpack import unpack


@pytest.fixture
def folder(tmp_path):
    write_scans(tmp_path / "scans")
    return tmp_path / "scans"


def test_every_kind_of_file_becomes_pages_of_its_own_size(folder, tmp_path):
    scans, _ = list_scans(str(folder))
    unpack(list(scans), tmp_path / "out")
    for name, (_, number) in IDS.items():
        with Image.open(tmp_path / "out" / f"{name}.png") as image:
            assert image.size == (60, 80) and image.mode == "RGB", name
            assert abs(int(np.asarray(image)[60:, 30:].mean()) - (100 + 20 * number)) <= 3, name
            assert np.asarray(image)[2:15, 2:15].mean() < 20, name  # not mirrored, not turned


def page_of(tmp_path, name, size, *, shown, outer="", image=(300, 400)):
    """The size that a page of `size` points unpacks to: `shown` draws /I, an image, in a form that `outer` draws."""
    buffer = io.BytesIO()
    picture(size=image).save(buffer, "PDF")
    with pikepdf.open(buffer) as source, pikepdf.new() as document:
        (picture_object,) = source.pages[0].images.values()
        resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=document.copy_foreign(picture_object)))
        page = document.add_blank_page(page_size=size)
        if outer:
            form = document.make_stream(shown.encode())
            form["/Type"], form["/Subtype"] = pikepdf.Name.XObject, pikepdf.Name.Form
            form["/BBox"], form["/Resources"] = [0, 0, 9999, 9999], resources
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
        else:
            page.Resources = resources
        page.Contents = document.make_stream((outer or shown).encode())
        document.save(tmp_path / name)
    scans, _ = list_scans(str(tmp_path / name))
    unpack(list(scans), tmp_path / "out")
    with Image.open(tmp_path / "out" / f"{name.removesuffix('.pdf')}_0001.png") as found:
        return found.size


def test_an_image_in_forms_gives_its_resolution(tmp_path):
    drawn = "q 300 0 0 400 0 0 cm /I Do Q"
    assert page_of(tmp_path, "plain.pdf", (300, 400), shown=drawn) == (300, 400)
    assert page_of(tmp_path, "small.pdf", (72, 96), shown=drawn, outer="q 0.24 0 0 0.24 0 0 cm /F Do Q") == (300, 400)
    unit = "q 1 0 0 1 0 0 cm /I Do Q"
    assert page_of(tmp_path, "unit.pdf", (72, 96), shown=unit, outer="q 72 0 0 96 0 0 cm /F Do Q") == (300, 400)


def test_a_page_with_a_small_picture_is_drawn_at_300_dots_per_inch(tmp_path):
    logo = "q 30 0 0 40 0 0 cm /I Do Q"  # of 720 dots per inch
    assert page_of(tmp_path, "cover.pdf", (216, 288), shown=logo) == (900, 1200)


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
