"""PAGE and ALTO of a turned scan name a file that their boxes fit."""

import numpy as np
import pandas as pd
import pytest
from lxml import etree
from PIL import Image

from kuzushiji.common.images import TURNED, read_page
from kuzushiji.pages.pages import check_image
from kuzushiji.text.alto import write_alto
from kuzushiji.text.page_xml import write_page_xml
from kuzushiji.text.transcripts import Transcript
from kuzushiji.text.upright import with_upright_files


@pytest.mark.parametrize("write", [write_page_xml, write_alto])
@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 9])
def test_the_named_file_has_the_pages_size_whoever_opens_it(tmp_path, write, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = np.full((80, 60, 3), 255, np.uint8)
    pixels[:20, :20] = 0  # a corner, to see how it is turned
    Image.fromarray(pixels).save(tmp_path / "p.jpg", exif=exif, quality=95)
    found = check_image(str(tmp_path / "p.jpg"), 1)
    pages = pd.DataFrame([{"image_id": "p", "path": str(tmp_path / "p.jpg"), "note": found.note}])
    page = Transcript("p", "p", "p.jpg", found.width, found.height, [])
    write(with_upright_files([page], pages, tmp_path / "out"), tmp_path / "out")
    xml = etree.parse(tmp_path / "out/p.xml")
    (name,) = xml.xpath("//@imageFilename | //*[local-name()='fileName']/text()")
    assert name == ("p.upright.jpg" if TURNED in found.note else "p.jpg")
    file = tmp_path / "out" / name if TURNED in found.note else tmp_path / name
    with Image.open(file) as image:
        assert image.size == (found.width, found.height)  # as a program sees it that knows of no orientation
        if TURNED in found.note:
            assert np.abs(np.asarray(image, int) - read_page(tmp_path / "p.jpg")).mean() < 3
