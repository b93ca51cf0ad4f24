"""Both engines against OpenCV: equal in every byte."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kuzushiji.pages import nonlocal_means
from kuzushiji.pages.nonlocal_means import ENGINES, denoise_colored

GOLDEN = Path(__file__).parents[1] / "golden"
PUBLISHED = (20, 20, 7, 21)
# (strength, strength of color, template, search): strong and weak, even sides, windows of a pixel, sums beyond 24 bits
SETTINGS = [PUBLISHED, (3, 200, 5, 8), (30, 5, 1, 3), (1000, 0.001, 13, 1), (20, 12.3, 2, 12)]


def opencv(image: np.ndarray, arguments: tuple) -> np.ndarray:
    return cv2.fastNlMeansDenoisingColored(image, None, *arguments)


def noise(height: int, width: int, seed: int = 0, blur: float = 0) -> np.ndarray:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return cv2.GaussianBlur(image, (0, 0), blur) if blur else image


@pytest.fixture
def small_tiles(monkeypatch):
    """So that small images have inner, last and narrow tiles."""
    monkeypatch.setattr(nonlocal_means, "TILES", {"numba": (16, 32), "torch": (24, 24)})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("arguments", SETTINGS)
def test_equals_opencv_with_every_strength_and_window(engine, arguments, small_tiles):
    image = noise(41, 67, blur=1.5)
    expected = opencv(image, arguments)
    assert (expected != image).any() or arguments[3] == 1
    np.testing.assert_array_equal(denoise_colored(image, *arguments, engine), expected)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (37, 25)])
def test_equals_opencv_on_images_smaller_than_the_windows(engine, size, small_tiles):
    image = noise(*size, blur=0.8)
    np.testing.assert_array_equal(denoise_colored(image, *PUBLISHED, engine), opencv(image, PUBLISHED))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["gray", "saturated", "black", "white", "noise"])
def test_equals_opencv_on_every_kind_of_image(engine, kind, small_tiles):
    image = noise(33, 45, seed=1)
    if kind == "gray":
        image = np.repeat(image[..., :1], 3, axis=2)
    elif kind == "saturated":  # the largest differences
        image = np.where(image < 128, 0, 255).astype(np.uint8)
    elif kind != "noise":
        image = np.full_like(image, 255 * (kind == "white"))
    np.testing.assert_array_equal(denoise_colored(image, *PUBLISHED, engine), opencv(image, PUBLISHED))


def test_equals_opencv_on_a_page_of_several_tiles():
    page = np.asarray(Image.open(GOLDEN / "denoise_input.png").convert("RGB"))
    assert any(side > tile for side, tile in zip(page.shape, nonlocal_means.TILES["numba"], strict=False))
    np.testing.assert_array_equal(denoise_colored(page, *PUBLISHED, "numba"), opencv(page, PUBLISHED))


# The compiler takes its time for every template, and none for other windows and strengths.
@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 70)),
    seed=st.integers(0, 2**32 - 1),
    blur=st.sampled_from([0, 0.7, 3]),
    strengths=st.tuples(*[st.floats(0.125, 300, width=32)] * 2),
    template=st.sampled_from([1, 7]),
    search=st.integers(1, 23),
)
@settings(max_examples=30)
@pytest.mark.parametrize("engine", ENGINES)
def test_equals_opencv_whatever_the_image(engine, size, seed, blur, strengths, template, search):
    image = noise(*size, seed=seed, blur=blur)
    arguments = (*strengths, template, search)
    np.testing.assert_array_equal(denoise_colored(image, *arguments, engine), opencv(image, arguments))


MEASURE = """
import sys
from pathlib import Path
import numpy as np
from kuzushiji.pages.nonlocal_means import denoise_colored

def peak():
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024

denoise_colored(np.zeros((700, 700, 3), np.uint8), 20, 20, 1, 3, "numba")  # what compiling and the tiles take
image = np.random.default_rng(0).integers(0, 256, (int(sys.argv[1]), 4000, 3), np.uint8)
Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on
before = peak()
denoise_colored(image, 20, 20, 1, 3, "numba")
print((peak() - before) / (image.size // 3))
"""


def test_a_large_page_takes_no_more_than_its_copies():
    """Two of three bytes a pixel each; integers for all of the page's sums would be 20 bytes more."""
    run = subprocess.run([sys.executable, "-c", MEASURE, "4000"], capture_output=True, text=True, check=True)
    assert 2 < float(run.stdout) < 10


def test_an_unknown_engine_is_an_error():
    with pytest.raises(ValueError, match="choose numba or torch"):
        denoise_colored(noise(2, 2), *PUBLISHED, "cuda")
