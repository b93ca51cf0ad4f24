"""Downloading a file over HTTP, with progress, resuming after a lost connection."""

import logging
import os
import shutil
import time
from pathlib import Path
from typing import TextIO

import requests
from tqdm import tqdm

from kuzushiji.common.errors import InputError
from kuzushiji.common.state import locked

_PIECE = 1 << 16  # bytes; an incomplete piece is lost when the connection ends
_TIMEOUT = 60  # seconds without a byte
_TRIES = 5  # attempts in a row without new bytes


class _Cut(Exception):
    """The connection ended before the file did."""


_CUTS = (_Cut, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def download(address: str, destination: str | os.PathLike, terminal: TextIO | None = None, pause: float = 5) -> None:
    """Download the file at `address` to `destination`, which appears once complete; progress is shown on `terminal`.

    After a lost connection the part received stays beside the destination, in `.partial`. The download resumes from it
    after `pause` seconds, or in the next call, if the server still has the same file (same ETag). The size must match
    the server's Content-Length. Raises `InputError`, which says where to put the file by hand, if the download fails.
    """
    destination = Path(destination)
    folder = destination.parent / ".partial" / destination.name
    with locked(folder):
        tries, most = 0, _size(folder / "part")
        while True:
            try:
                _fetch(address, folder, destination.name, terminal)
                break
            except _CUTS as error:
                size = _size(folder / "part")
                tries, most = (0, size) if size > most else (tries + 1, most)
                if tries == _TRIES:
                    raise InputError(_by_hand(address, destination, error)) from error
                logging.info("%s: %s; going on in %g seconds", address, error, pause)
                time.sleep(pause)
            except (requests.RequestException, ValueError) as error:
                raise InputError(_by_hand(address, destination, error)) from error
        os.replace(folder / "part", destination)
        logging.info("%s: %d bytes from %s", destination, destination.stat().st_size, address)
    shutil.rmtree(folder)


def _fetch(address: str, folder: Path, name: str, terminal: TextIO | None) -> None:
    """Append the missing bytes to `folder`/part. Raises `_Cut`, requests' errors, or `ValueError` for a wrong size."""
    part, mark = folder / "part", folder / "etag"
    have = _size(part)
    headers = {"Accept-Encoding": "identity"}
    if have and mark.exists():
        headers |= {"Range": f"bytes={have}-", "If-Range": mark.read_text()}
    with requests.get(address, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink()
            raise _Cut("more was here than the server has")
        if answer.status_code >= requests.codes.server_error:
            raise _Cut(f"{answer.status_code} {answer.reason}")
        answer.raise_for_status()
        goes_on = answer.status_code == requests.codes.partial_content
        start = have if goes_on else 0
        rest = answer.headers.get("Content-Length")
        total = start + int(rest) if rest else None
        tag = answer.headers.get("ETag", "")
        if tag and not tag.startswith("W/"):  # a weak ETag does not promise the same bytes
            mark.write_text(tag)
        else:
            mark.unlink(missing_ok=True)
        progress = tqdm(
            total=total, initial=start, file=terminal, disable=terminal is None, desc=name, unit="B", unit_scale=True
        )
        with progress as bar, open(part, "ab" if goes_on else "wb") as file:
            for piece in answer.iter_content(_PIECE):
                file.write(piece)
                bar.update(len(piece))
    size = _size(part)
    if total is not None and size < total:
        raise _Cut(f"{size} of {total} bytes came")
    if total is not None and size > total:
        part.unlink()
        raise ValueError(f"{size} bytes came where the server told of {total}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _by_hand(address: str, destination: Path, error: Exception) -> str:
    return (
        f"{address}: cannot be downloaded ({error}); run it again to go on, or fetch the file by other means "
        f"and put it at {destination.absolute()}"
    )
