"""Own scans that cannot be read are left out, with the reason, and the others are read.

What the check found is kept, so that planning opens each file once.
"""

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from threading import Lock

import pandas as pd
import pypdfium2 as pdfium
from PIL import Image

from kuzushiji.common.errors import InputError, printable
from kuzushiji.common.files import replacing
from kuzushiji.common.images import SUFFIXES
from kuzushiji.common.tables import page_order
from kuzushiji.pages.pages import check_image, id_problem, name_problem, too_large, unusable, why_unreadable
from kuzushiji.pages.scans import OPENED, Scan, frames, is_manifest, is_pdf, name_in, place_in_file
from kuzushiji.pages.unpack import rendered_size

_PDFIUM = Lock()  # it works in one thread at a time


def sort_scans(
    scans: Sequence[Scan], folder: Path, record: Path, max_megapixels: float, threads: int
) -> dict[str, str]:
    """What cannot be read of the pages `scans` of a folder: files, or images in them, by name with reasons.

    `folder`: what their files lie in, maybe in subfolders, or the one file; names begin there. Of files that give the
    same page the first that can be read is taken. `record` is a JSON file, written anew: only files are opened that are
    new or changed since. Raises `InputError` with all reasons if no scan can be read.
    """
    pages: dict[Path, list[str]] = {}
    for scan in scans:
        pages.setdefault(Path(scan.source), []).append(scan.image_id)
    names = {file: name_in(file, folder) for file in pages}
    known = _read(record)
    same = known.get("max_megapixels") == max_megapixels
    files = {}
    for file, name in names.items():
        entry = known.get("files", {}).get(name, {}) if same else {}
        if entry.get("problems") == {} and entry["stamp"] == _stamp(file):
            files[name] = entry
    opened = [file for file, name in names.items() if name not in files]
    checked = check_scans([str(file) for file in opened], max_megapixels, threads)
    for file, problems in zip(opened, checked, strict=True):
        files[names[file]] = {"stamp": _stamp(file), "problems": problems}
    first: dict[str, str] = {}  # the file that each page is read of
    for file, name in names.items():
        if "" in files[name]["problems"]:
            continue
        if problem := next(filter(None, map(id_problem, pages[file])), ""):
            files[name]["problems"] = {"": f"with its folders' names, {problem}"}
            continue
        if others := [first[image_id] for image_id in pages[file] if image_id in first]:
            problem = f"gives a page that {others[0]} gives too, which is read; rename one of them"
            files[name]["problems"] = {"": problem}
        else:
            first |= dict.fromkeys(pages[file], name)
    with replacing(record) as partial:
        content = {"folder": os.path.realpath(folder), "max_megapixels": max_megapixels, "files": files}
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    found = recorded(record)
    if all("" in files[name]["problems"] for name in names.values()):
        raise InputError(f"{folder}: no scan can be read:\n" + "\n".join(lines(found)))
    return found


def check_scans(paths: Sequence[str], max_megapixels: float, threads: int) -> list[dict[str, str]]:
    """`check_scan` of every path, so many at a time."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(check_scan, paths, repeat(max_megapixels)))


def check_scan(path: str, max_megapixels: float) -> dict[str, str]:
    """Read a file that is to be unpacked: what is wrong with it or its name under "", or with some of its images under
    what follows the file's name in `frame_name`; nothing if all can be used.

    Every image in it is decoded, but not those of a PDF's pages, which pdfium draws whatever they hold, nor those of a
    manifest, which are elsewhere.
    """
    file = Path(path)
    problem = name_problem(path)
    if not problem and file.suffix.lower() in SUFFIXES and frames(file) == [0]:
        problem = check_image(path, max_megapixels).problem
    elif not problem and is_pdf(file):
        return _check_sizes(file, max_megapixels)
    elif not problem and not is_manifest(file):
        return _check_frames(file, max_megapixels)
    return {"": problem} if problem else {}


def _check_sizes(file: Path, max_megapixels: float) -> dict[str, str]:
    problems = {}
    with _PDFIUM, pdfium.PdfDocument(file) as document:
        count = len(document)
        for number in range(count):
            try:
                size = rendered_size(document[number])
            except pdfium.PdfiumError as error:
                problems[place_in_file(number)] = f"cannot be read as a page of a PDF ({error}); copy the file again"
                continue
            if problem := too_large(*size, max_megapixels):
                problems[place_in_file(number)] = f"in the resolution of its largest image {problem}"
    return problems if len(problems) < count else {"": f"has no other page than such: {problems.popitem()[1]}"}


def _check_frames(file: Path, max_megapixels: float) -> dict[str, str]:
    pages, problems = frames(file), {}
    try:
        with Image.open(file, formats=OPENED) as image:
            for frame in pages:
                if problem := _check_frame(image, frame, max_megapixels):
                    problems[place_in_file(frame)] = problem
    except Exception as error:  # of Pillow's many kinds, as below
        return {"": why_unreadable(error)}
    if len(problems) < len(pages):
        return problems
    first = next(iter(problems.values()))
    return {"": first if len(pages) == 1 else f"has {len(pages)} images, of which none can be read; the first {first}"}


def _check_frame(image: Image.Image, frame: int, max_megapixels: float) -> str:
    try:
        image.seek(frame)
        if problem := unusable(image, max_megapixels):
            return problem
        image.load()
    except Exception as error:
        return why_unreadable(error)
    return ""


def recorded(record: Path) -> dict[str, str]:
    """What `sort_scans` found last, for jobs, which must all plan the same; nothing if there is no record."""
    files = _read(record).get("files", {})
    return {
        name + place: problem
        for name in page_order(files)
        for place, problem in files[name].get("problems", {}).items()
    }


def lines(unreadable: dict[str, str], most: int = 20) -> list[str]:
    """Lines for the terminal: at most so many files with their reasons, and how many more there are."""
    shown = [f"  {printable(name)}: {reason}" for name, reason in list(unreadable.items())[:most]]
    return shown + [f"  and {len(unreadable) - most} more"] * (len(unreadable) > most)


def unreadable_table(unreadable: dict[str, str]) -> pd.DataFrame:
    """`file` and `reason`, a row for each file, or image in one, that was left out."""
    return pd.DataFrame(
        {"file": [printable(name) for name in unreadable], "reason": list(unreadable.values())}, dtype=str
    )


def _read(record: Path) -> dict:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or a damaged one: all is checked again
        return {}
    return content if isinstance(content, dict) else {}


def _stamp(scan: Path) -> list[int]:
    try:
        status = scan.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
