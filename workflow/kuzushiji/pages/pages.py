"""A check of all pages, before hours of work begin."""

import logging
import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import pandas as pd
from PIL import ExifTags, Image, UnidentifiedImageError

from kuzushiji.common.errors import InputError
from kuzushiji.pages.page_sets import Page


def check_pages(pages: list[Page], max_megapixels: float, processes: int) -> pd.DataFrame:
    """A table "pages" of all pages, each opened once.

    Corrections on reading (EXIF rotation, alpha, gray) are logged, and noted in the column `note`.

    Raises one `InputError` that lists all unusable pages.
    """
    files = defaultdict(list)
    for page in pages:
        files[page.image_id].append(page.path)
    problems = [
        f"{image_id}: {' and '.join(paths)} have the same id; rename or remove all but one"
        for image_id, paths in files.items()
        if len(paths) > 1
    ]
    with ProcessPoolExecutor(processes) as pool:
        checked = list(pool.map(_check_image, [page.path for page in pages], repeat(max_megapixels), chunksize=8))
    rows = []
    for page, (width, height, note, problem) in zip(pages, checked, strict=True):
        if problem:
            problems.append(f"{page.path}: {problem}")
        if note:
            logging.info("%s: %s", page.path, note)
        rows.append((*page, width, height, note))
    table = pd.DataFrame(rows, columns=[*Page._fields, "width", "height", "note"])
    if problems:
        raise InputError(f"Problems with the pages ({len(problems)}):\n" + "\n".join(problems))
    logging.info("%d pages", len(table))
    return table


def _check_image(path: str, max_megapixels: float) -> tuple[int, int, str, str]:
    """Width, height, corrections on reading, and problems."""
    if not os.path.exists(path):
        return 0, 0, "", "the file is missing"
    if os.path.getsize(path) == 0:
        return 0, 0, "", "the file is empty (0 bytes); copy it again"
    Image.MAX_IMAGE_PIXELS = None  # the check below has a limit and a message of its own
    try:
        with Image.open(path) as image:
            width, height = image.size
            problem = _unusable(image, max_megapixels)
            if not problem:
                image.load()
            note = _mended(image)
            if image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:  # rotated by 90 degrees
                width, height = height, width
            return width, height, note, problem
    except UnidentifiedImageError:
        return 0, 0, "", "is no image that can be read; convert it to JPEG, PNG or TIFF"
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:  # from the system: Pillow's own have no number
            return 0, 0, "", f"cannot be read ({error.strerror})"
        return 0, 0, "", f"is truncated or damaged ({error}); copy it again"


def _unusable(image: Image.Image, max_megapixels: float) -> str:
    if image.width * image.height > max_megapixels * 1e6:
        size = f"{image.width}x{image.height} pixels are more than {max_megapixels} megapixels"
        return f"{size}; scale or split it, or raise pages: max_megapixels"
    if image.mode == "CMYK":
        return "is CMYK; convert it to RGB"
    if image.mode[0] in "IF" or any(";16" in str(tile[3]) for tile in image.tile):
        return "has more than 8 bits a channel; convert it to 8 bits"
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # a camera's further views of the same page
        return f"holds {image.n_frames} images; split it into one file a page"
    return ""


def _mended(image: Image.Image) -> str:
    notes = []
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        notes.append("turned upright as its EXIF orientation says")
    if image.has_transparency_data:
        notes.append("transparent parts taken as white")
    if image.mode in ("1", "L", "LA", "I;16"):
        notes.append("gray taken as RGB")
    return "; ".join(notes)
