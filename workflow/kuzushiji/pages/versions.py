"""Which versions of its images a result was made of, so that Snakemake itself looks at no image.

Two JSON files stand for the images of a job. Its *versions*, {path: version}, are an input, written when the job is
planned. Its *digests*, {path: [version, SHA-256]}, are an output: the job reads the images anyway. A version is the
size of the image and its time of modification, in nanoseconds, when it was first planned with; while the image holds
what the digests say, it stays, whatever happens to that time. So the versions, and with them the job's results, change
with what images hold.
"""

import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kuzushiji.common.files import checksum, replacing

WAITING = 64  # threads that wait for a network's disk


def stamps(paths: Iterable[str]) -> dict[str, str]:
    """The present size and time of every file as a version; empty for one that cannot be reached."""
    paths = list(paths)
    with ThreadPoolExecutor(WAITING) as pool:
        return dict(zip(paths, pool.map(_stamp, paths), strict=True))


def write_versions(stamps: dict[str, str], digests: Path, versions: Path) -> None:
    """Write the versions of images, of which these are the `stamps`, if they are others than before.

    `digests` are those of the last job, if there was one. Only images are read whose stamps are not their versions.
    """
    known = {path: entry for path, entry in _read(digests).items() if path in stamps}
    doubtful = [path for path, (version, _) in known.items() if version != stamps[path]]
    held = checksums(doubtful, os.cpu_count())
    found = stamps | {path: known[path][0] for path in doubtful if held[path] == known[path][1]}
    if _read(versions) != found:
        with replacing(versions) as partial:
            partial.write_text(json.dumps(found, indent=0), encoding="utf-8")


def checksums(paths: Iterable[str], threads: int) -> dict[str, str]:
    """The SHA-256 of every image, for `write_digests`; empty for one that cannot be read.

    To be taken before the images are used: one that changes meanwhile then differs from its digest.
    """
    paths = list(paths)
    with ThreadPoolExecutor(threads) as pool:
        return dict(zip(paths, pool.map(_checksum, paths), strict=True))


def write_digests(versions: str | os.PathLike | None, checksums: dict[str, str], digests: str | os.PathLike) -> None:
    """Write the digests of the images in a job's file of `versions`; of none, if it has no such file."""
    known = _read(Path(versions)) if versions else {}
    with replacing(digests) as partial:
        found = {path: [version, checksums[path]] for path, version in known.items()}
        partial.write_text(json.dumps(found, indent=0), encoding="utf-8")


def read_checksums(digests: Iterable[str | os.PathLike]) -> dict[str, str]:
    """The SHA-256 of every image in files of digests, by its path."""
    return {path: held for file in digests for path, (_, held) in _read(Path(file)).items()}


def _read(file: Path) -> dict:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or a damaged one: the images are new then
        return {}


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def _checksum(path: str) -> str:
    try:
        return checksum(path)
    except OSError:  # the job that reads it will say so
        return ""
