"""The competition's data: downloaded by Kaggle's client or put there by hand, then unpacked and checked."""

import logging
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TextIO

import pandas as pd

from kuzushiji.common.errors import InputError, shortened
from kuzushiji.common.files import replacing
from kuzushiji.common.images import SUFFIXES
from kuzushiji.pages.labels import read_labels
from kuzushiji.pages.page_sets import list_images

_TABLES = ("train.csv", "sample_submission.csv", "unicode_translation.csv")
_FOLDERS = ("train_images", "test_images")

HELP = """How to get the competition's data:
  1. make an account on Kaggle and accept the rules on https://www.kaggle.com/competitions/{name}/rules
  2. either: pip install kaggle; make a token on https://www.kaggle.com/settings (API), and put it where that page says
     or: download {name}.zip from https://www.kaggle.com/competitions/{name}/data into {folder}
  3. run `snakemake --cores 1 competition_data` again: it fetches, unpacks and checks what is missing
  What is wanted: {folder}/train.csv, train_images/*.jpg, test_images/*.jpg"""


def competition_data(settings: dict, terminal: TextIO | None = None) -> list[str]:
    """Make sure that the competition's data lies in `settings["folder"]`; returns a summary in lines of text.

    `settings` is the section `competition`. Missing files are unpacked from a zip file in the folder, which Kaggle's
    client, the program `kaggle`, downloads first if there is none; existing files are never overwritten. Output of the
    client goes to `terminal`. Raises `InputError` with instructions if the data cannot be downloaded, or with all
    problems of the data.
    """
    folder, name = Path(settings["folder"]), settings["name"]
    if _lacking(folder) and not _archives(folder, name):
        _fetch(folder, name, terminal)
    if not _complete(folder, settings):  # an earlier run may have been killed while unpacking
        for archive in _archives(folder, name):
            logging.info("%s: %d files unpacked", archive, _unpack(archive, folder))
    if lacking := _lacking(folder):
        raise InputError(f"{folder}: lacks {', '.join(lacking)}\n{HELP.format(name=name, folder=folder)}")
    return _check(folder, settings)


def _lacking(folder: Path) -> list[str]:
    return [name for name in ("train.csv", *_FOLDERS) if not (folder / name).exists()]


def _complete(folder: Path, settings: dict) -> bool:
    counts = {"train_images": settings["training_pages"], "test_images": settings["test_pages"]}
    return not _lacking(folder) and all(len(os.listdir(folder / part)) >= count for part, count in counts.items())


def _archives(folder: Path, name: str) -> list[Path]:
    """The competition's own zip file, or else the files that it contains."""
    whole = folder / f"{name}.zip"
    return [whole] if whole.exists() else sorted(path for path in folder.glob("*.zip") if path.stem in _FOLDERS)


def _fetch(folder: Path, name: str, terminal: TextIO | None) -> None:
    advice = HELP.format(name=name, folder=folder)
    program = shutil.which("kaggle")
    if program is None:
        raise InputError(
            f"{folder}: lacks {', '.join(_lacking(folder))}; there is no program kaggle to fetch it\n{advice}"
        )
    scratch = folder / ".kaggle"  # where the client, started again, finds the part it has already
    scratch.mkdir(parents=True, exist_ok=True)
    command = [program, "competitions", "download", name, "--path", str(scratch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        said = b""
        while piece := client.stdout.read1():  # without waiting for line ends, which its progress lacks
            said += piece
            if terminal:
                terminal.write(piece.decode(errors="replace"))
                terminal.flush()
    said = said.decode(errors="replace").replace("\r", "\n")
    logging.info("%s\n%s", " ".join(command), said)
    if client.returncode or not _archives(scratch, name):
        last = " ".join(said.split("\n")[-3:]).strip()
        raise InputError(f"kaggle could not download {name} ({last or client.returncode})\n{advice}")
    for archive in _archives(scratch, name):
        os.replace(archive, folder / archive.name)
    shutil.rmtree(scratch)


def _unpack(archive: Path, folder: Path) -> int:
    """Unpack `archive`, and archives in it, without overwriting files; returns the number of new files."""
    count = 0
    try:
        with zipfile.ZipFile(archive) as content:
            for entry in content.infolist():
                inner = PurePosixPath(entry.filename)
                if inner.suffix == ".zip":
                    with tempfile.TemporaryDirectory(dir=folder) as scratch:
                        count += _unpack(Path(content.extract(entry, scratch)), folder)
                    continue
                target = _place(inner, archive, folder)
                if target is None or target.exists():
                    continue
                with replacing(target) as partial, content.open(entry) as source, open(partial, "wb") as file:
                    shutil.copyfileobj(source, file)
                count += 1
    except (zipfile.BadZipFile, EOFError, zipfile.zlib.error) as error:
        raise InputError(f"{archive}: damaged ({error}); delete it and download it again") from error
    return count


def _place(inner: PurePosixPath, archive: Path, folder: Path) -> Path | None:
    """The place of an archive's file, by its name and the folder that it or its archive is named after."""
    if inner.name in _TABLES:
        return folder / inner.name
    part = inner.parent.name or archive.stem
    if inner.suffix.lower() in SUFFIXES and part in _FOLDERS:
        return folder / part / inner.name
    return None


def _check(folder: Path, settings: dict) -> list[str]:
    boxes, problems = read_labels(folder / "train.csv")
    ids = {part: {path.stem for path in list_images(str(folder / part))} for part in _FOLDERS}
    expected = {"train_images": settings["training_pages"], "test_images": settings["test_pages"]}
    for part, count in expected.items():
        if len(ids[part]) != count:
            problems.append(f"{folder / part} holds {len(ids[part]):,} pages in place of {count:,}")
    problems += _differences("train.csv", boxes, "train_images", ids["train_images"])
    labelled = sum(map(bool, boxes.values()))
    codepoints = {box[0] for page in boxes.values() for box in page}
    for what, found, count in (
        ("rows", len(boxes), settings["training_pages"]),
        ("pages with characters", labelled, settings["training_pages_with_characters"]),
        ("different codepoints", len(codepoints), settings["codepoints"]),
    ):
        if found != count:
            problems.append(f"{folder / 'train.csv'} has {found:,} {what} in place of {count:,}")
    sample = folder / "sample_submission.csv"
    if sample.exists():
        listed = pd.read_csv(sample, usecols=["image_id"], dtype=str)["image_id"]
        problems += _differences(sample.name, listed, "test_images", ids["test_images"])
    if problems:
        found = "\n  ".join(problems)
        raise InputError(f"{folder}: not the competition's data as published; put the right files there:\n  {found}")
    characters = sum(map(len, boxes.values()))
    return [
        f"{folder} holds the competition's data:",
        *[f"  {part}: {len(ids[part]):,} pages" for part in _FOLDERS],
        f"  train.csv: {len(boxes):,} rows, {labelled:,} pages with {characters:,} characters, {len(codepoints):,} "
        "different codepoints; a row for every page",
        f"  sample_submission.csv: {'a row for every test page' if sample.exists() else 'not there, nor needed'}",
    ]


def _differences(table: str, listed: Iterable[str], part: str, there: set[str]) -> list[str]:
    """The page ids of a table that have no image, and the images that have no row."""
    listed = set(listed)
    lone = {f"of {table} have no image in {part}": listed - there, f"of {part} have no row in {table}": there - listed}
    return [f"{len(ids):,} pages {what}: {shortened(sorted(ids))}" for what, ids in lone.items() if ids]
