"""Scans as libraries and cameras give them: which pages a folder or a file of them holds.

A page is a file, a frame of a multi-page TIFF, a page of a PDF, or a canvas of a IIIF manifest. Subfolders and files of
several pages are books.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pypdfium2 as pdfium
from PIL import Image, UnidentifiedImageError
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_PAGEOBJ_FORM, FPDF_PAGEOBJ_IMAGE

from kuzushiji.common.errors import InputError
from kuzushiji.common.images import FORMATS, SUFFIXES
from kuzushiji.pages.manifest import image_file, read_left_out, read_manifest
from kuzushiji.pages.page_ids import book_of, say_books
from kuzushiji.pages.pages import page_frames

try:
    from pillow_heif import register_heif_opener

    register_heif_opener()
except ImportError:  # pragma: no cover (where the environment is older than this file)
    logging.warning("pillow-heif is not installed: HEIC files are left out")

PDF = ".pdf"
# What is a page image as it is, and what is made into one.
PACKED = (PDF, ".jp2", ".j2k", ".jpf", ".jpx", ".webp", ".bmp", ".heic", ".heif", ".mpo")
OPENED = (*FORMATS, "JPEG2000", "HEIF")  # by Pillow, whatever a file's name says
_PASSWORD = "needs a password; save it without one"


class Scan(NamedTuple):
    """A page: its id and book, the file that it is in, and its place there from 0."""

    image_id: str
    book: str
    source: str
    frame: int


def stays(scan: Scan) -> bool:
    """Whether a page is an image that is read where it lies, under its own name; all others are unpacked."""
    file = Path(scan.source)
    return file.suffix.lower() in SUFFIXES and file.stem == scan.image_id


def _files(path: Path) -> list[Path]:
    """All scans below a folder, by folder and name; hidden ones do not count."""
    if path.is_file():
        return [path]
    found = [file for file in _below(path) if file.suffix.lower() in (*SUFFIXES, *PACKED) and file.is_file()]
    return sorted(file for file in found if not _hidden(file.relative_to(path)))


def _below(folder: Path) -> Iterator[Path]:
    """All files below a folder, then those in the folders that are linked there; each folder is entered once."""
    entered, starts = set(), [folder]
    for start in starts:  # which grows
        for above, folders, files in os.walk(start):
            place = os.path.realpath(above)
            if place in entered:
                folders.clear()
                continue
            entered.add(place)
            starts += [link for link in sorted(Path(above, name) for name in folders) if link.is_symlink()]
            yield from (Path(above, name) for name in files)


def _hidden(file: Path) -> bool:
    return any(part.startswith(".") for part in file.parts)


def passed_over(folder: str | os.PathLike, used: str | os.PathLike | None = None) -> dict[str, int]:
    """How many files of a folder of scans are not read, by kind, the most frequent first.

    `used`: a file or folder there that has another use, and does not count.
    """
    kinds = Counter()
    for file in _below(Path(folder)):
        kind = file.suffix.lower()
        if not file.is_file() or (used and file.resolve().is_relative_to(Path(used).resolve())):
            continue
        if _hidden(file.relative_to(folder)):
            kinds["hidden files"] += 1
        elif kind not in (*SUFFIXES, *PACKED):
            kinds[kind if kind.isprintable() and kind else "files without a suffix"] += 1
    return dict(kinds.most_common())


@cache
def list_scans(path: str) -> tuple[tuple[Scan, ...], dict[str, str]]:
    """The pages of a folder of scans, with its subfolders, or of one file; and what is left out, file → reason.

    Ids are the files' names, with the subfolders' before them and the place in the file after them. Of a IIIF manifest
    they are the book's name and the page's number in it, and pages are left out, id → reason. Raises `InputError` if
    there is nothing to read.
    """
    root = Path(path)
    if not root.exists():
        raise InputError(f"{path}: there is no such file or folder of scans")
    if is_manifest(root):
        return _list_canvases(root)
    found: list[Scan] = []
    problems: dict[str, str] = {}
    for file in _files(root):
        try:
            pages = frames(file, strict=True)
        except ValueError as error:
            problems[name_in(file, root)] = str(error)
            continue
        above = file.relative_to(root).parent.parts if root.is_dir() else ()
        name, book = "_".join([*above, file.stem]), "_".join(above) or (file.stem if len(pages) > 1 else "")
        numbered = [f"{name}_{number:04d}" for number in range(1, len(pages) + 1)]
        places = [name] if pages == [0] and not is_pdf(file) else numbered
        found += [Scan(image_id, book, str(file), frame) for image_id, frame in zip(places, pages, strict=True)]
    if not found:
        reasons = "".join(f"\n{name}: {reason}" for name, reason in problems.items())
        raise InputError(f"{path}: holds no scans that can be read ({', '.join((*SUFFIXES, *PACKED))}){reasons}")
    whole = root.stem if root.is_file() else root.resolve().name
    named = say_books([scan.image_id for scan in found if stays(scan)])
    books = [scan.book or (book_of(scan.image_id) if named and stays(scan) else whole) for scan in found]
    return tuple(scan._replace(book=book) for scan, book in zip(found, books, strict=True)), problems


def is_manifest(file: Path) -> bool:
    """Whether scans are given by a IIIF manifest."""
    return file.suffix.lower() == ".json"


def _list_canvases(manifest: Path) -> tuple[tuple[Scan, ...], dict[str, str]]:
    book, canvases = read_manifest(manifest)
    left_out = read_left_out(manifest)
    found, problems = [], {}
    for place, canvas in enumerate(canvases):
        image_id = f"{book}_{place + 1:04d}"
        reason = None
        if canvas.problem:
            reason = f"canvas {canvas.identity} {canvas.problem}"
        elif image_id in left_out and not image_file(manifest, image_id, canvas).exists():  # nor put there by hand
            reason = left_out[image_id]
        if reason:
            problems[image_id] = reason
        else:
            found.append(Scan(image_id, book, str(manifest), place))
    if not found:
        reasons = "".join(f"\n{name}: {reason}" for name, reason in problems.items())
        raise InputError(
            f"{manifest}: no page of this manifest can be read; delete it to have it fetched anew{reasons}"
        )
    return tuple(found), problems


def name_in(file: Path, scans: str | os.PathLike) -> str:
    """What a file is called in messages and records: its path in the folder `scans`, or its name if it is all of it."""
    return file.name if file == Path(scans) else str(file.relative_to(scans))


def frame_name(scan: Scan, scans: str | os.PathLike) -> str:
    """What a page of a file of several is called where `name_in` calls the file."""
    return name_in(Path(scan.source), scans) + place_in_file(scan.frame)


def place_in_file(frame: int) -> str:
    """What follows a file's name in that of one of its pages, by its place from 0."""
    return f", image {frame + 1}"


def is_pdf(file: Path) -> bool:
    """Whether a file's pages are those of a PDF."""
    return file.suffix.lower() == PDF


def frames(file: Path, strict: bool = False) -> list[int]:
    """The places of a file's pages in it, from 0. `strict`: raise `ValueError`, saying why, if it cannot be read."""
    if file.suffix.lower() in set(SUFFIXES) - {".tif", ".tiff"}:
        return [0]
    try:
        if is_pdf(file):
            with pdfium.PdfDocument(file) as document:
                pages = list(range(len(document)))
                if strict and not any(_may_be_image(document, number) for number in pages):
                    raise ValueError("has no page that is an image; it may hold text already")
                return pages
        with Image.open(file, formats=OPENED) as image:
            return page_frames(image)
    except pdfium.PdfiumError as error:
        if strict:
            locked = getattr(error, "err_code", None) == FPDF_ERR_PASSWORD or "password" in str(error).lower()
            raise ValueError(_PASSWORD if locked else f"cannot be read as a PDF ({error}); copy it again") from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        if strict and file.suffix.lower() not in SUFFIXES:  # the check of pages speaks of the others
            raise ValueError(f"cannot be read as an image ({error}); copy it again or convert it to PNG") from error
    return [0]


def _may_be_image(document: pdfium.PdfDocument, number: int) -> bool:
    try:
        return bool(pdf_images(document[number]))
    except pdfium.PdfiumError:  # the check of scans speaks of this page
        return True


class PdfImage(NamedTuple):
    """An image on a page of a PDF."""

    size: tuple[int, int]  # width and height in pixels
    bounds: tuple[float, float, float, float]  # on the page, in points: left, bottom, right, top


def pdf_images(page: pdfium.PdfPage) -> list[PdfImage]:
    """The images on a page, those inside its forms too."""
    return list(_images(page, None, pdfium.PdfMatrix()))


def _images(page: pdfium.PdfPage, form: pdfium.PdfObject | None, outer: pdfium.PdfMatrix) -> Iterator[PdfImage]:
    # Level by level, since pdfium gives what is in a form in the form's coordinates.
    for item in page.get_objects(max_depth=1, form=form):
        if item.type == FPDF_PAGEOBJ_FORM:
            yield from _images(page, item, item.get_matrix().multiply(outer))
        elif item.type == FPDF_PAGEOBJ_IMAGE:
            yield PdfImage(item.get_px_size(), outer.on_rect(*item.get_bounds()))
