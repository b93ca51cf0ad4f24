"""Denoising on a GPU: OpenCV's bytes, and what a page costs.

`make test-gpu`, or `PYTHONPATH=workflow:tests/helpers python tests/gpu/test_gpu_denoise.py` from the root.
"""

import cv2
import numpy as np
from gpu_for_tests import GOLDEN, ROOT, figure, peak, run, seconds
from PIL import Image

from kuzushiji.pages.nonlocal_means import denoise_colored

PUBLISHED = (20, 20, 7, 21)


def test_a_gpu_gives_the_bytes_of_opencv():
    page = np.asarray(Image.open(GOLDEN / "denoise_input.png").convert("RGB"))
    saturated = np.where(page < 128, 0, 255).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (601, 523, 3), np.uint8)
    for image in (page, saturated, noise):
        for arguments in (PUBLISHED, (3, 200, 13, 8)):
            expected = cv2.fastNlMeansDenoisingColored(image, None, *arguments)
            np.testing.assert_array_equal(denoise_colored(image, *arguments, "torch"), expected)


def test_what_a_page_costs():
    page = np.asarray(Image.open(ROOT / "resources/samples/100241706_00004_2.jpg").convert("RGB"))
    part = page[:600, :800]
    denoise_colored(part, *PUBLISHED, "torch")
    with peak("denoise, a page on the GPU"):
        figure("denoise, a page on the GPU", seconds(denoise_colored, page, *PUBLISHED, "torch"), "s")
    cv2.setNumThreads(1)
    share = part.size / page.size
    opencv = seconds(cv2.fastNlMeansDenoisingColored, part, None, *PUBLISHED) / share
    figure("denoise, a page by OpenCV in one thread", opencv, "s")
    denoise_colored(part, *PUBLISHED, "numba")
    figure("denoise, a page by numba in one thread", seconds(denoise_colored, part, *PUBLISHED, "numba") / share, "s")


if __name__ == "__main__":
    run(dict(globals()))
