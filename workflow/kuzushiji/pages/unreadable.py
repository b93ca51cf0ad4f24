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
from kuzushiji.pages.pages import check_images
from kuzushiji.pages.scans import check_scans, name_in


def sort_scans(
    scans: Sequence[Path], record: Path, max_megapixels: float, threads: int, packed: Path | None = None
) -> dict[str, str]:
    """Which `scans`, files of one folder, cannot be read, by name with reasons; only those are opened that are new or
    changed since `record`.

    `record` is a JSON file, written anew. Where two files are one page but for the suffix, the first is taken.
    `packed`: the folder or file that they are or lie in, maybe in subfolders, if they are to be unpacked; their names
    begin there, and they are checked as such. Raises `InputError` with all reasons if no scan can be read.
    """
    folder = packed or scans[0].parent
    names = {scan: name_in(scan, folder) for scan in scans}
    check = check_scans if packed else check_images
    known = _read(record)
    same = known.get("max_megapixels") == max_megapixels
    files = {}
    for scan in scans:
        entry = known.get("files", {}).get(names[scan], {}) if same else {}
        if entry.get("problem") == "" and entry["stamp"] == _stamp(scan):
            files[names[scan]] = entry
    opened = [scan for scan in scans if names[scan] not in files]
    for scan, found in zip(opened, check([str(scan) for scan in opened], max_megapixels, threads), strict=True):
        files[names[scan]] = {"stamp": _stamp(scan), "problem": found.problem}
    taken: dict[str, str] = {}
    for scan in scans:
        entry = files[names[scan]]
        # What is packed has other ids than its files, of which two never are the same.
        if not entry["problem"] and not packed and taken.setdefault(scan.stem, scan.name) != scan.name:
            entry["problem"] = f"is called as {taken[scan.stem]} is, which is read; rename one of them"
    with replacing(record) as partial:
        content = {"folder": os.path.realpath(folder), "max_megapixels": max_megapixels, "files": files}
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
    found = recorded(record)
    if len(found) == len(scans):
        raise InputError(f"{folder}: no scan can be read:\n" + "\n".join(lines(found)))
    return found


def recorded(record: Path) -> dict[str, str]:
    """What `sort_scans` found last, for jobs, which must all plan the same; nothing if there is no record."""
    files = _read(record).get("files", {})
    return {name: files[name]["problem"] for name in page_order(files) if files[name]["problem"]}


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
