from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.pages.denoise import denoise, denoise_pages

GOLDEN = Path(__file__).parents[1] / "golden"
SETTINGS = {
    "contrast": 4,
    "blur_sigma": 10,
    "strength": 20,
    "color_strength": 20,
    "template_window": 7,
    "search_window": 21,
}


def test_equals_the_published_code_bit_for_bit():
    page = np.asarray(Image.open(GOLDEN / "denoise_input.png").convert("RGB"))
    expected = cv2.imread(str(GOLDEN / "denoise_output.png"), cv2.IMREAD_COLOR)  # as `imwrite` was given it
    np.testing.assert_array_equal(denoise(page, SETTINGS), expected)


def test_files_hold_red_and_blue_exchanged(tmp_path):
    pages = [("a", GOLDEN / "denoise_input.png"), ("b.1", GOLDEN / "denoise_input.png")]
    denoise_pages(pages, tmp_path / "denoised", SETTINGS, 2)
    assert sorted(path.name for path in (tmp_path / "denoised").iterdir()) == ["a.png", "b.1.png"]
    for name in ("a", "b.1"):
        written = np.asarray(Image.open(tmp_path / "denoised" / f"{name}.png"))
        np.testing.assert_array_equal(written, np.asarray(Image.open(GOLDEN / "denoise_output.png").convert("RGB")))


def test_a_page_that_is_no_image_is_named(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"not an image")
    with pytest.raises(InputError, match=r"bad\.jpg"):
        denoise_pages([("bad", tmp_path / "bad.jpg")], tmp_path / "out", SETTINGS, 1)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_chunk_without_pages_has_an_empty_folder(tmp_path):
    denoise_pages([], tmp_path / "out", SETTINGS, 1)
    assert list((tmp_path / "out").iterdir()) == []
