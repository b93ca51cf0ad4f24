"""Contrast and denoising of pages, as the published solution does it, channel order included."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.images import denoised_path, read_page
from kuzushiji.common.progress import Progress
from kuzushiji.pages.nonlocal_means import denoise_colored


def denoise(image: np.ndarray, settings: dict, engine: str = "numba") -> np.ndarray:
    """Ben Graham's contrast (the page minus its blur) and then non-local means (Buades et al. 2005, in Lab).

    `image` is RGB, uint8, (height, width, 3), and so is the result. OpenCV takes the channels for blue, green and red,
    as in the published solution, whose networks were all trained on the result. A contrast or a strength of 0 leaves
    that step out. `engine` is one of `nonlocal_means.ENGINES`, which give the same.
    """
    enhanced = image
    if contrast := settings["contrast"]:
        blurred = cv2.GaussianBlur(image, (0, 0), settings["blur_sigma"])
        enhanced = cv2.addWeighted(image, contrast, blurred, -contrast, 128)
    if not settings["strength"]:
        return enhanced
    return denoise_colored(
        enhanced,
        settings["strength"],
        settings["color_strength"],
        settings["template_window"],
        settings["search_window"],
        engine,
    )


def denoise_pages(
    pages: list[tuple[str, str | os.PathLike]],
    folder: str | os.PathLike,
    settings: dict,
    processes: int,
    engine: str = "numba",
) -> None:
    """Write `folder/{image_id}.png` for every `(image_id, path)`, `processes` pages at a time, by `engine`.

    The files have red and blue exchanged, as the published ones have: read as RGB, they are what the published
    networks saw. Raises `InputError`, naming the file, for a page that cannot be read.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    # One thread per page: pages are processed in parallel, and OpenCV and numba release the GIL.
    cv2.setNumThreads(1)

    def work(page: tuple[str, str | os.PathLike]) -> None:
        image_id, path = page
        try:
            image = read_page(path)
        except Exception as error:  # of Pillow's many kinds
            raise InputError(f"{path}: cannot be read as an image ({error}); replace or remove the file") from error
        # Not `cv2.imwrite`, which returns True for a file that is cut because the disk is full.
        encoded = cv2.imencode(".png", denoise(image, settings, engine))[1]
        with replacing(denoised_path(folder, image_id)) as partial:
            partial.write_bytes(encoded.data)

    with ThreadPoolExecutor(processes) as pool, Progress(len(pages), "pages") as progress:
        for _ in pool.map(work, pages):
            progress.update()
