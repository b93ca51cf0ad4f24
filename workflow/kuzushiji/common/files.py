"""Files that are whole or not there at all, and what is in them."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a neighboring path to write to, which takes the place of `path` once the block ends without an error.

    A process killed on the way leaves what was at `path` before. The suffix is kept, since it tells some writers
    the format.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_checksums(folder: str | os.PathLike, path: str | os.PathLike) -> None:
    """Write the SHA-256 of every file of `folder` to `path`, by name, as `sha256sum --check` reads it in the folder.

    Names beginning with a dot are left out: they are not ours.
    """
    files = sorted(entry.name for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith("."))
    lines = [f"{checksum(Path(folder, name))}  {name}\n" for name in files]
    Path(path).write_text("".join(lines), encoding="utf-8")


def checksum(path: str | os.PathLike) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
