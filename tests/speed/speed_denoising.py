"""What denoising costs, by OpenCV in one thread and by the engines of the workflow, which give the same bytes.

Beside each other, so that the ratio holds on a machine that others use too.
"""

import cv2
import numpy as np
import pytest
from PIL import Image

from kuzushiji.pages.denoise import denoise
from kuzushiji.pages.nonlocal_means import denoise_colored

PAGE = "resources/samples/100241706_00004_2.jpg"
PART = slice(500, 1300), slice(500, 1300)
# (strength, strength of color, template, search)
SETTINGS = [(20, 20, 7, 21), (3, 3, 7, 21), (20, 20, 3, 21), (20, 20, 11, 21), (20, 20, 7, 11), (20, 20, 7, 35)]


@pytest.fixture(scope="module")
def page():
    image = np.asarray(Image.open(PAGE).convert("RGB"))[PART]
    return denoise(image, {"contrast": 4, "blur_sigma": 10, "strength": 0})


@pytest.mark.parametrize("arguments", SETTINGS)
@pytest.mark.parametrize("engine", ["opencv", "numba"])
def test_denoising(benchmark, page, arguments, engine):
    cv2.setNumThreads(1)
    if engine == "opencv":
        benchmark.pedantic(cv2.fastNlMeansDenoisingColored, (page, None, *arguments), rounds=3)
    else:
        benchmark.pedantic(denoise_colored, (page, *arguments, engine), rounds=3, warmup_rounds=1)
