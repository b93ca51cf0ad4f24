"""Own scans that cannot be read are left out, with the reason, and the others are read.

What the check found is kept, so that planning opens each file once.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from kuzushiji.common.errors import InputError, printable
from kuzushiji.common.files import replacing
from kuzushiji.common.tables import page_order
from kuzushiji.pages.scans import Scan, check_scans, name_in


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
    """`file` and `reason`, a row for each file that was left out."""
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
