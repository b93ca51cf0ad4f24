"""Folders in which long jobs keep what they resume from, with a lock against a second copy of the job."""

import errno
import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from kuzushiji.common.errors import InputError


def state_folder(root: str | os.PathLike, settings: dict, inputs: Iterable[str | os.PathLike]) -> Path:
    """The folder under `root` for exactly these settings and inputs; a job with others gets another folder.

    Files count by content, files inside a folder by name, size and modification time.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in sorted(map(str, inputs)):
        digest.update(path.encode())
        if os.path.isdir(path):
            for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
                status = entry.stat()
                digest.update(f"{entry.name} {status.st_size} {status.st_mtime_ns}".encode())
        else:
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return Path(root) / digest.hexdigest()[:16]


def set_aside(path: Path, error: Exception) -> None:
    """Rename a state that cannot be read to `{name}.damaged`, with a warning; the job goes on without it."""
    logging.warning(
        "%s: cannot be read (%s: %s); set aside, and what it held is done anew", path, type(error).__name__, error
    )
    with suppress(FileNotFoundError):  # by another process of the job
        os.replace(path, path.with_name(f"{path.name}.damaged"))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process; the lock ends with the process, however it ends.

    Raises `InputError` if another process, such as an orphan of a killed run, holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = try_lock(folder / "lock")
    if file is None:
        raise InputError(f"{folder}: another copy of this job is running; let it finish or stop it first")
    with file:
        yield


def try_lock(path: Path) -> TextIO | None:
    """The open file `path`, locked until it is closed or this process ends; None if another process holds it.

    Raises `InputError` on a file system without locks.
    """
    file = open(path, "w")  # noqa: SIM115 (open as long as it is locked)
    try:
        # Not flock, whose locks pass to forks: an orphaned data loader would keep a killed job's lock.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return None
        raise InputError(
            f"{path.parent}: this file system has no locks ({error.strerror}), which keep two copies of a job "
            "apart; keep results on one that has (mounted with flock or local_flock, say)"
        ) from error
    return file
