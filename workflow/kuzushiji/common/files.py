"""Writing files completely or not at all, and their checksums."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a path beside `path` to write to, which replaces `path` when the block ends without an error.

    If the process is killed, `path` keeps its old content, and what replaces it is on the disk: a full disk or a quota
    may show only then, as an `OSError`. The suffix stays the same, since some writers choose the format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_checksums(folder: str | os.PathLike, path: str | os.PathLike) -> None:
    """Write the SHA-256 of every file of `folder` to `path`, by name, as `sha256sum --check` reads it in the folder.

    Names that begin with a dot are left out: other programs wrote them.
    """
    files = sorted(entry.name for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith("."))
    lines = [f"{checksum(Path(folder, name))}  {name}\n" for name in files]
    with replacing(path) as partial:
        partial.write_text("".join(lines), encoding="utf-8")


def checksum(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
