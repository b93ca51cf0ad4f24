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
