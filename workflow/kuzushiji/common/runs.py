"""Which runs work in a directory, so that what a killed one left locked is told from what a living one holds."""

import atexit
import fcntl
import json
import os
import shutil
import socket
import time
from pathlib import Path
from typing import TextIO

_HELD: dict[str, TextIO] = {}  # open until the process ends, however it ends: then its lock is gone


def take_up(folder: Path, locks: Path, what: str) -> str:
    """Note this process in `folder` as one that works here; returns who else does, in words, or nothing.

    If there are notes, but all are of processes of this host that are gone, Snakemake's `locks` are theirs: they are
    removed. A note of another host counts as of a living process. Where files cannot be locked nothing is noted, and
    nothing removed.
    """
    own = folder / f"{socket.gethostname()}-{os.getpid()}.json"
    others, dead = [], []
    for note in sorted(set(folder.glob("*.json")) - {own}):
        says = _who(note)
        (others if says else dead).append(says or note)
    if dead and not others:
        shutil.rmtree(locks, ignore_errors=True)
    for note in dead:
        note.unlink(missing_ok=True)
    if str(own.absolute()) not in _HELD:
        _note(own, what)
    return "; ".join(others)


def _note(own: Path, what: str) -> None:
    own.parent.mkdir(parents=True, exist_ok=True)
    path = own.absolute()
    file = open(path, "w", encoding="utf-8")  # noqa: SIM115 (open until the process ends)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # a file system without locks
        path.unlink(missing_ok=True)
        return
    content = {"host": socket.gethostname(), "process": os.getpid(), "since": time.strftime("%F %T"), "what": what}
    json.dump(content, file)
    file.flush()
    _HELD[str(path)] = file
    atexit.register(path.unlink, missing_ok=True)  # so that notes tell of killed processes alone


def _who(note: Path) -> str:
    """Which process wrote `note`, if it lives or is of another host."""
    try:
        with open(note, "r+", encoding="utf-8") as file:
            said = json.loads(file.read() or "{}")
            who = f"process {said.get('process')} on {said.get('host')}, {said.get('what')}, since {said.get('since')}"
            if said.get("host", socket.gethostname()) != socket.gethostname():
                return who
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return ""
    except BlockingIOError:
        return who
    except (OSError, ValueError):  # it has just ended
        return ""
