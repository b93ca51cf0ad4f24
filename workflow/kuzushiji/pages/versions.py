"""Which versions of its images a result was made of, so that Snakemake itself looks at no image.

Two JSON files stand for the images of a job. Its *versions*, {path: version}, are an input, written when the job is
planned. Its *digests*, {path: [version, SHA-256]}, are an output: the job reads the images anyway. A version is the
size of the image and its time of modification, in nanoseconds, when it was first planned with; while the image holds
what the digests say, it stays, whatever happens to that time. So the versions, and with them the job's results, change
with what images hold.
"""

import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from kuzushiji.common.files import checksum, replacing

WAITING = 64  # threads that wait for a network's disk


class Job(NamedTuple):
    """A job that reads images, with the files of their versions and digests."""

    images: list[str]
    versions: Path
    digests: Path


def write_versions(jobs: Sequence[Job]) -> None:
    """Write the versions of the images of jobs where they are others than before.

    Only images are read whose sizes or times are not their versions.
    """
    images = list(dict.fromkeys(image for job in jobs for image in job.images))
    with ThreadPoolExecutor(WAITING) as pool:
        now = dict(zip(images, pool.map(_stamp, images), strict=True))
        list(pool.map(_write_versions, jobs, repeat(now)))


def _write_versions(job: Job, now: dict[str, str]) -> None:
    stamps = {image: now[image] for image in job.images}
    known = {image: entry for image, entry in _read(job.digests).items() if image in stamps}
    doubtful = [image for image, (version, _) in known.items() if version != stamps[image]]
    held = checksums(doubtful, os.cpu_count()) if doubtful else {}
    found = stamps | {image: known[image][0] for image in doubtful if held[image] == known[image][1]}
    if _read(job.versions) != found:
        with replacing(job.versions) as partial:
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
    """The present size and time of a file as a version; empty for one that cannot be reached."""
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
