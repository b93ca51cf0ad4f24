"""A check of all pages, before hours of work begin."""

import logging
import os
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from PIL import ExifTags, Image, ImageOps, ImageSequence, UnidentifiedImageError

from kuzushiji.common.errors import InputError, printable
from kuzushiji.common.files import checksum
from kuzushiji.common.images import TURNED, open_page
from kuzushiji.pages.page_ids import Page

_LONGEST = 65_500  # pixels that Pillow writes to a side of a JPEG
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE = 254, 255  # tags of TIFF
_SMALLER, _MASK, _FORMERLY_SMALLER = 1, 4, 2  # in them: bits of the first, a value of the second
_NAME_BYTES = 200  # of a page's name: file systems allow 255, and results are called after pages


class Checked(NamedTuple):
    """What a page's file holds: its size in pixels as people see it, corrections on reading, and what is wrong."""

    width: int = 0
    height: int = 0
    note: str = ""
    problem: str = ""
    sha256: str = ""  # of the file, if nothing is wrong


def check_pages(pages: list[Page], max_megapixels: float, processes: int) -> pd.DataFrame:
    """A table "pages" of all pages, each opened once, with a column more: the `sha256` of its file.

    Corrections on reading (rotation, alpha, gray) are logged, and noted in the column `note`.

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
    rows = []
    for page, found in zip(pages, check_images([page.path for page in pages], max_megapixels, processes), strict=True):
        if found.problem:
            problems.append(f"{printable(page.path)}: {found.problem}")
        if found.note:
            logging.info("%s: %s", page.path, found.note)
        rows.append((*page, found.width, found.height, found.note, found.sha256))
    table = pd.DataFrame(rows, columns=[*Page._fields, "width", "height", "note", "sha256"])
    if problems:
        raise InputError(f"Problems with the pages ({len(problems)}):\n" + "\n".join(problems))
    logging.info("%d pages", len(table))
    return table


def check_images(paths: Sequence[str], max_megapixels: float, threads: int) -> list[Checked]:
    """`check_image` of every path, so many at a time: Pillow decodes outside Python's lock."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(check_image, paths, repeat(max_megapixels)))


def name_problem(path: str | os.PathLike) -> str:
    """Why a page cannot have this file name, or nothing, as `id_problem`."""
    return id_problem(Path(path).stem)


def id_problem(name: str) -> str:
    """Why a page cannot be called `name`, or nothing: results, XML and Snakemake's patterns have to bear it.

    White space, quotes, `&`, `<b>`, `$`, and every script are no problem.
    """
    if problem := unusable_marks(name):
        return f"its name has {problem}; rename the file"
    if (size := len(name.encode())) > _NAME_BYTES:
        return f"its name has {size} bytes, more than {_NAME_BYTES}; give it a shorter one"
    return ""


def unusable_marks(name: str) -> str:
    """What in the name of a page or of its folder would upset patterns, lists of checksums or XML, or nothing."""
    if any("\ud800" <= mark <= "\udfff" for mark in name):
        return "bytes that are no UTF-8"
    if any(unicodedata.category(mark) == "Cc" or ord(mark) & 0xFFFE == 0xFFFE for mark in name):
        return "line ends or control characters"
    return " ".join(sorted(set(name) & set("{}\\")))


def check_image(path: str, max_megapixels: float) -> Checked:
    """Read a page's file; whatever is wrong with it or its name becomes `problem`.

    What the header already rules out is never decoded, so that memory is that of `max_megapixels`.
    """
    if problem := name_problem(path) or _no_file(path):
        return Checked(problem=problem)
    try:
        held = checksum(path)  # before it is decoded: one that changes meanwhile then differs from it
        with open_page(path) as image:
            if problem := unusable(image, max_megapixels):
                return Checked(image.width, image.height, problem=problem)
            if page_frames(image) != [0]:
                return Checked(problem=f"holds {image.n_frames} images; split it into one file a page")
            image.seek(0)
            orientations = [image.tag_v2.get(ExifTags.Base.Orientation, 1)] if image.format == "TIFF" else []
            image.load()  # which turns a TIFF upright
            orientations.append(image.getexif().get(ExifTags.Base.Orientation, 1))
            if text := [found for found in orientations if not isinstance(found, int)]:
                return Checked(problem=f"its orientation is no number ({text[0]!r}); save it anew, upright")
            note = _mended(image, orientations)
            ImageOps.exif_transpose(image, in_place=True)
            return Checked(*image.size, note, sha256=held)
    except Exception as error:  # Pillow's readers raise of every kind at damaged files: TypeError, struct.error, …
        return Checked(problem=why_unreadable(error))


def page_frames(image: Image.Image) -> list[int]:
    """Which of the images in a file are pages, from 0.

    A camera's MPO holds further views or a preview of the same picture, and a TIFF may hold each page in smaller sizes
    and with masks too (TIFF 6.0, NewSubfileType). Raises whatever Pillow does.
    """
    if image.format == "MPO":
        return [0]
    if image.format != "TIFF":
        return list(range(getattr(image, "n_frames", 1)))
    return [frame for frame, _ in enumerate(ImageSequence.Iterator(image)) if _is_page(image)] or [0]


def _is_page(image: Image.Image) -> bool:
    """Whether the image of a TIFF that was sought last is a page."""
    kind, former = image.tag_v2.get(_NEW_SUBFILE_TYPE, 0), image.tag_v2.get(_SUBFILE_TYPE)
    marked = isinstance(kind, int) and kind & (_SMALLER | _MASK)
    return not marked and former != _FORMERLY_SMALLER


def why_unreadable(error: Exception) -> str:
    """What to say of an image that Pillow raised `error` at."""
    if isinstance(error, UnidentifiedImageError):
        return "is no image that can be read; convert it to JPEG, PNG or TIFF"
    if isinstance(error, MemoryError):
        return "does not fit in memory; scale it, or convert it to another format"
    if isinstance(error, OSError) and error.errno:  # from the system: Pillow's own have no number
        return f"cannot be read ({error.strerror})"
    return f"is truncated or damaged ({error}); copy it again"


def _no_file(path: str) -> str:
    try:
        if not os.path.exists(path):
            return "the file is missing"
        if not os.path.isfile(path):
            return "is no file, but a folder or a device"
        return "" if os.path.getsize(path) else "the file is empty (0 bytes); copy it again"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def unusable(image: Image.Image, max_megapixels: float) -> str:
    """What the header alone says against the image, or nothing."""
    if problem := too_large(*image.size, max_megapixels):
        return problem
    if image.mode == "CMYK":
        return "is CMYK; convert it to RGB"
    if image.mode[0] in "IF" or any(";16" in str(tile[3]) for tile in image.tile):
        return "has more than 8 bits a channel; convert it to 8 bits"
    return ""


def too_large(width: int, height: int, max_megapixels: float) -> str:
    """Why a page cannot have this size in pixels, or nothing."""
    if width * height > max_megapixels * 1e6:
        size = f"{width}x{height} pixels are more than {max_megapixels} megapixels"
        return f"{size}; scale or split it, or raise pages: max_megapixels"
    if (longest := max(width, height)) > _LONGEST:
        return f"is {longest} pixels long, and JPEG, which its pictures are, holds {_LONGEST}; split or scale it"
    return ""


def _mended(image: Image.Image, orientations: list[int]) -> str:
    notes = []
    if any(2 <= found <= 8 for found in orientations):
        notes.append(TURNED)
    if image.has_transparency_data:
        notes.append("transparent parts taken as white")
    if image.mode in ("1", "L", "LA", "I;16"):
        notes.append("gray taken as RGB")
    if image.format not in ("JPEG", "PNG", "TIFF"):
        notes.append(f"read as {image.format}, which it is in spite of its name")
    return "; ".join(notes)
