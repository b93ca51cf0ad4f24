import subprocess
import sys
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


def test_without_contrast_and_strength_a_page_stays_as_it_was_scanned(tmp_path):
    path = GOLDEN / "denoise_input.png"
    page = np.asarray(Image.open(path).convert("RGB"))
    settings = SETTINGS | {"contrast": 0, "strength": 0}
    np.testing.assert_array_equal(denoise(page, settings), page)
    denoise_pages([("a", path)], tmp_path, settings, 1)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), page[..., ::-1])


def test_a_page_that_is_no_image_is_named(tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"not an image")
    with pytest.raises(InputError, match=r"bad\.jpg"):
        denoise_pages([("bad", tmp_path / "bad.jpg")], tmp_path / "out", SETTINGS, 1)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_chunk_without_pages_has_an_empty_folder(tmp_path):
    denoise_pages([], tmp_path / "out", SETTINGS, 1)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_page_that_does_not_fit_on_the_disk_is_an_error_with_the_systems_reason(tmp_path):
    """In a process that may write files of 1 kB alone: `cv2.imwrite` would return True and leave a cut file."""
    Image.effect_noise((200, 300), 60).save(tmp_path / "page.png")
    settings = {"contrast": 4, "blur_sigma": 10, "strength": 0}
    write = (
        "import resource, sys; from kuzushiji.pages.denoise import denoise_pages\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"denoise_pages([('page', sys.argv[1])], sys.argv[2], {settings}, 1)"
    )
    command = [sys.executable, "-c", write, tmp_path / "page.png", tmp_path / "denoised"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode and "File too large" in run.stderr
    assert list((tmp_path / "denoised").iterdir()) == []
