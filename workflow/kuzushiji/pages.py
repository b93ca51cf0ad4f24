"""Checking every page and label once, before hours of work start."""

import logging
import os
from collections import defaultdict
from multiprocessing import Pool
from pathlib import Path

import pandas as pd
from PIL import ExifTags, Image, UnidentifiedImageError

from kuzushiji.errors import InputError
from kuzushiji.labels import read_labels, truth_table
from kuzushiji.page_sets import Page


def check_pages(
    pages: list[Page], labels: str | os.PathLike | None, max_megapixels: float, processes: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Open every page and read every label.

    Returns a table of `pages` and one of `truth` (without rows where `labels` is None). What was mended (EXIF rotation,
    alpha, gray, a box that reaches over the page's edge) is logged, and noted in the column `note` where it concerns
    an image.

    Raises one `InputError` that lists every page and label row that cannot be used.
    """
    files = defaultdict(list)
    for page in pages:
        files[page.image_id].append(page.path)
    problems = [
        f"{image_id}: {' and '.join(paths)} have the same id; rename or remove all but one"
        for image_id, paths in files.items()
        if len(paths) > 1
    ]
    with Pool(processes) as pool:
        checked = pool.starmap(_check_image, [(page.path, max_megapixels) for page in pages], chunksize=8)
    rows = []
    for page, (width, height, note, problem) in zip(pages, checked, strict=True):
        if problem:
            problems.append(f"{page.path}: {problem}")
        if note:
            logging.info("%s: %s", page.path, note)
        rows.append((*page, width, height, note))
    table = pd.DataFrame(rows, columns=[*Page._fields, "width", "height", "note"])
    boxes, wrong = _check_labels(table, labels) if labels else ({}, [])
    problems += wrong
    if problems:
        raise InputError(f"{len(problems)} problems with the pages:\n" + "\n".join(problems))
    logging.info("%d pages, %d labelled boxes", len(table), sum(map(len, boxes.values())))
    return table, truth_table(boxes)


def _check_image(path: str, max_megapixels: float) -> tuple[int, int, str, str]:
    """Width, height, what reading mends, and what is wrong."""
    if not os.path.exists(path):
        return 0, 0, "", "the file is missing"
    if os.path.getsize(path) == 0:
        return 0, 0, "", "the file is empty (0 bytes); copy it again"
    Image.MAX_IMAGE_PIXELS = None  # the check below has its own limit, with a message of its own
    try:
        with Image.open(path) as image:
            width, height = image.size
            problem = _unusable(image, max_megapixels)
            if not problem:
                image.load()
            note = _mended(image)
            if image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:  # turned by a quarter
                width, height = height, width
            return width, height, note, problem
    except UnidentifiedImageError:
        return 0, 0, "", "is no image that can be read; convert it to JPEG, PNG or TIFF"
    except (OSError, SyntaxError, ValueError) as error:
        return 0, 0, "", f"is truncated or damaged ({error}); copy it again"


def _unusable(image: Image.Image, max_megapixels: float) -> str:
    if image.width * image.height > max_megapixels * 1e6:
        size = f"{image.width}x{image.height} pixels are more than {max_megapixels} megapixels"
        return f"{size}; scale or split it, or raise pages: max_megapixels"
    if image.mode == "CMYK":
        return "is CMYK; convert it to RGB"
    if image.mode[0] in "IF" or any(";16" in str(tile[3]) for tile in image.tile):
        return "has more than 8 bits a channel; convert it to 8 bits"
    if getattr(image, "n_frames", 1) > 1:
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


def _check_labels(pages: pd.DataFrame, labels: str | os.PathLike) -> tuple[dict[str, list[tuple]], list[str]]:
    if not Path(labels).is_file():
        return {}, [f"{labels}: there is no such label file"]
    boxes, problems = read_labels(labels)
    sizes = {
        image_id: (width, height)
        for image_id, width, height in zip(pages["image_id"], pages["width"], pages["height"], strict=True)
    }
    if not boxes and problems:
        return boxes, problems
    problems += [f"{labels}: {image_id} has labels but no image" for image_id in boxes if image_id not in sizes]
    problems += [f"{labels}: {image_id} has an image but no row" for image_id in sizes if image_id not in boxes]
    for image_id in boxes:
        width, height = sizes.get(image_id, (0, 0))
        if width == 0:
            continue  # an image that is missing or cannot be read is reported already
        inside = []
        for codepoint, x, y, w, h in boxes[image_id]:
            left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
            if left >= right or top >= bottom:
                problems.append(
                    f"{labels}: {image_id}: `{codepoint} {x} {y} {w} {h}` lies outside the page of {width}x{height}"
                )
                continue
            if (left, top, right, bottom) != (x, y, x + w, y + h):
                logging.info(
                    "%s: %s: `%s %d %d %d %d` is cut at the page's edge", labels, image_id, codepoint, x, y, w, h
                )
            inside.append((codepoint, left, top, right - left, bottom - top))
        boxes[image_id] = inside
    return boxes, problems
