"""Downloading a file over HTTP, with progress, resuming after a lost connection, and waiting where a server asks to."""

import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TextIO

import requests
from tqdm import tqdm

from kuzushiji.common.errors import InputError
from kuzushiji.common.state import locked

# Not the root logger: in Snakemake's own process that would let everything that it logs through.
_log = logging.getLogger(__name__)
_PIECE = 1 << 16  # bytes; an incomplete piece is lost when the connection ends
_TIMEOUT = 60  # seconds without a byte
_TRIES = 5  # attempts in a row without new bytes
_LONGEST_WAIT = 600  # seconds that a server may ask to wait; after more it is for people to come back
_AGAIN = "run it again to go on, or "
_AGENT = f"kuzushiji {requests.utils.default_user_agent()}"  # so that servers' logs say who asks


class NotDownloaded(InputError):
    """A file cannot be downloaded. `problem`: its address and why, without what to do."""

    def __init__(self, problem: str, advice: str):
        super().__init__(f"{problem}; {advice}")
        self.problem = problem


class Refused(NotDownloaded):
    """The server does not have the file, or does not give it, and will not at the next try either."""


class Failing(Refused):
    """The server met every try with an error of its own (5xx): it cannot give this file, or is down as a whole."""


class _Cut(Exception):
    """The connection ended before the file did. `wait`: seconds to wait at least, if the server says so."""

    def __init__(self, message: str, wait: float = 0):
        super().__init__(message)
        self.wait = wait


class _Busy(_Cut):
    """The server asks to come back later."""


class _ServerError(_Cut):
    """The server has an error of its own."""


_CUTS = (_Cut, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def download(
    address: str,
    destination: str | os.PathLike,
    terminal: TextIO | None = None,
    pause: float = 5,
    timeout: float = _TIMEOUT,
) -> None:
    """Download the file at `address` to `destination`, which appears once complete; progress is shown on `terminal`.

    After a lost connection the part received stays beside the destination, in `.partial`. The download resumes from it
    after `pause` seconds, or in the next call, if the server still has the same file (same ETag). The size must match
    the server's Content-Length. A file that comes compressed, though that was not asked for, is neither resumed nor
    compared. A server that is busy (429, 503) is asked again when its Retry-After says, or after pauses that grow.
    `timeout`: seconds without a byte that count as a lost connection.

    Raises `NotDownloaded`, an `InputError` that says where to put the file by hand, if the download fails: `Refused`
    where trying again is no use, and of these `Failing` where the server has an error of its own each time. Raises
    `OSError`, with the path, if the file cannot be written.
    """
    destination = Path(destination)
    folder = destination.parent / ".partial" / destination.name
    with locked(folder):
        tries, most = 0, _size(folder / "part")
        while True:
            try:
                with naming(folder / "part"):
                    _fetch(address, folder, destination.name, terminal, timeout)
                break
            except _CUTS as error:
                size = _size(folder / "part")
                tries, most = (0, size) if size > most else (tries + 1, most)
                asked = getattr(error, "wait", 0)
                if tries == _TRIES or asked > _LONGEST_WAIT:
                    kind = Failing if isinstance(error, _ServerError) else NotDownloaded
                    raise kind(_problem(address, error), f"{_AGAIN}{_by_hand(destination)}") from error
                seconds = max(asked, pause * 2**tries if isinstance(error, _Busy) else pause)
                _log.warning("%s: %s; going on in %g seconds", address, error, seconds)
                time.sleep(seconds)
            except requests.HTTPError as error:
                raise Refused(_problem(address, error), _by_hand(destination)) from error
            except (requests.RequestException, ValueError) as error:
                raise NotDownloaded(_problem(address, error), f"{_AGAIN}{_by_hand(destination)}") from error
        os.replace(folder / "part", destination)
        _log.info("%s: %d bytes from %s", destination, destination.stat().st_size, address)
    shutil.rmtree(folder)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give `OSError`s of the system that do not say what file they are of, as that of a full disk, this `path`."""
    try:
        yield
    except OSError as error:
        if error.errno and error.filename is None:
            error.filename = str(path)
        raise


def _fetch(address: str, folder: Path, name: str, terminal: TextIO | None, timeout: float) -> None:
    """Append the missing bytes to `folder`/part. Raises `_Cut`, requests' errors, or `ValueError` for a wrong size."""
    part, mark = folder / "part", folder / "etag"
    have = _size(part)
    headers = {"Accept-Encoding": "identity", "User-Agent": _AGENT}
    if have and mark.exists():
        headers |= {"Range": f"bytes={have}-", "If-Range": mark.read_text()}
    with requests.get(address, headers=headers, stream=True, timeout=timeout) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink()
            raise _Cut("more was here than the server has")
        if answer.status_code in (requests.codes.too_many_requests, requests.codes.service_unavailable):
            wait = _seconds(answer.headers.get("Retry-After", ""))
            asked = f", and asks to wait {wait:.0f} seconds" if wait else ""
            raise _Busy(f"{answer.status_code} {answer.reason}{asked}", wait)
        if answer.status_code >= requests.codes.server_error:
            raise _ServerError(f"{answer.status_code} {answer.reason}")
        answer.raise_for_status()
        goes_on = answer.status_code == requests.codes.partial_content
        start = have if goes_on else 0
        # Its length and ranges count other bytes than those that are written; requests sees to it that all come.
        compressed = answer.headers.get("Content-Encoding", "").strip().lower() not in ("", "identity")
        rest = None if compressed else answer.headers.get("Content-Length")
        total = start + int(rest) if rest else None
        tag = answer.headers.get("ETag", "")
        if tag and not compressed and not tag.startswith("W/"):  # a weak ETag does not promise the same bytes
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


def _seconds(retry_after: str) -> float:
    """How long a Retry-After, a number of seconds or a date, asks to wait; 0 if it says neither."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        then = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    then = then.replace(tzinfo=then.tzinfo or UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _problem(address: str, error: Exception) -> str:
    return f"{address}: cannot be downloaded ({error})"


def _by_hand(destination: Path) -> str:
    return f"fetch the file by other means and put it at {destination.absolute()}"
