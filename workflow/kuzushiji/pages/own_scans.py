"""Reading a folder of scans with existing models, or learning the hand of the book that it holds."""

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Collection, Sequence
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from kuzushiji.common.errors import InputError, printable
from kuzushiji.common.tables import page_order
from kuzushiji.pages.labels import read_labels
from kuzushiji.pages.pages import unusable_marks

# The page sets that classifiers are adapted with: the labelled pages of a book, and these with what is replayed.
LABELLED, ADAPTATION = "labelled", "adaptation"
# Sections of the configuration whose keys are names that people chose.
NAMED = ("page_sets", "hands", "classifiers", "detectors", "detector_trainings")
_NAME_BYTES = 100  # of a page set's name, by which results are called
_ENCODED = "percent:"  # before a path in percent-encoding


def newest_models(results: Path, imported: Collection[str]) -> tuple[Path | None, dict]:
    """The file and the configuration of the newest models under `results`, from the provenance of what they read.

    Those of `imported` rounds do not count: `round` asks for them. If there are no others, the small networks read that
    come with the workflow, adapted to a book if `results` has such classifiers.
    """
    crates = [path for path in results.glob("*/provenance/*/config.yaml") if path.parts[-4] not in imported]
    noted = sorted(crates, key=lambda path: path.stat().st_mtime_ns)
    if noted:
        return noted[-1], _noted_configuration(noted[-1])
    return None, {"round": "adapted" if any(results.glob("adapted/classifiers/*.pth")) else "small"}


def _noted_configuration(path: Path) -> dict:
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        config = None
    if not isinstance(config, dict) or not {"round", "page_sets"} <= config.keys():
        crate = path.parent
        raise InputError(
            f"{path}: is damaged, and says how the newest models read. Make it again with the configuration that "
            f"trained them (snakemake --cores 1 --force -- {'/'.join(crate.parts[-4:])}), delete {crate}, so that "
            "those before count, or say round=small (WEIGHTS=small)"
        )
    return config


def with_defaults(noted: dict, defaults: dict) -> dict:
    """A `noted` configuration with the keys of `defaults` that it lacks: there were none then, and they change nothing.

    Sections of `NAMED` entries stay as they were noted.
    """
    return defaults | {
        key: with_defaults(value, defaults[key])
        if isinstance(value, dict) and isinstance(defaults.get(key), dict) and key not in NAMED
        else value
        for key, value in noted.items()
    }


def path_as_typed(key: str, arguments: Sequence[str]) -> str | None:
    """The path of `key=path` among the `arguments` of `--config`, or None if there is none.

    Snakemake parses it as YAML, which changes names: `0012`, `scan #3`, `null`. A path in quotes is understood as in
    YAML, unless there is one with the quotes in its name, and what `path_for_jobs` made is taken back.
    """
    given = [argument.partition("=")[2] for argument in arguments if argument.partition("=")[0] == key]
    text = given[-1] if given else ""
    if text.startswith(_ENCODED):
        return os.fsdecode(unquote_to_bytes(text.removeprefix(_ENCODED)))
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" and not os.path.exists(text):
        return str(yaml.load(text, yaml.BaseLoader))
    return text or None


def path_for_jobs(key: str, path: str) -> str:
    """An argument of `--config` that neither a shell nor Python's `repr` nor YAML changes, for Snakemake's own jobs."""
    return f"{key}={_ENCODED}{quote(os.fsencode(path))}"


def pages_in_range(image_ids: Collection[str], numbers: str | int) -> list[str]:
    """Those of the pages that `numbers` name, as `3-10` or `1,5,8-`, counted from 1 in the order of pages.

    Raises `InputError` if it is written otherwise, or names a page that is not there.
    """
    ordered = page_order(image_ids)
    chosen: set[int] = set()
    for part in re.split(r"[\s,、]+", str(numbers).strip()):
        match = re.fullmatch(r"(\d+)(?:[-–](\d*))?", part)
        if not match:
            raise InputError(f"page_range: {numbers}: say the pages' numbers, as 3-10 or 1,5,8- (PAGES)")
        first = int(match[1])
        last = first if match[2] is None else int(match[2] or len(ordered))
        if not 1 <= first <= last <= len(ordered):
            raise InputError(f"page_range: {part}: the pages go from 1 to {len(ordered)}; say others (PAGES)")
        chosen |= set(range(first, last + 1))
    return [ordered[number - 1] for number in sorted(chosen)]


def reading(
    config: dict,
    folder: str,
    scans: Sequence[Path],
    results: Path,
    pages: Sequence[str] | None = None,
) -> dict:
    """`config` with `folder` and its `scans`, the paths of its pages, as an additional page set, the one to read.

    `pages`: the ids of those that are to be read, if not all are. The page set is called as `page_set_name` says.
    Raises `InputError` for a path that no rule could name.
    """
    if marks := unusable_marks(folder):
        raise InputError(f"{printable(folder)}: a folder of scans cannot have {marks} in its path; rename it")
    entry = {"scans": folder} | ({} if pages is None else {"pages": list(pages)})
    others = {
        name
        for name, other in config["page_sets"].items()
        if not other or folder not in (other.get("images"), other.get("scans"))
    }
    name = page_set_name(scans[0].parent, others, results)
    return {**config, "page_sets": {**config["page_sets"], name: entry}, "recognize": [name]}


def page_set_name(folder: Path, others: Collection[str], results: Path) -> str:
    """The name of a page set for the scans in `folder`: the one that it has under `results`, if it was read before.

    Else it is the folder's own name, in Unicode's form NFC, with `_` for what a name cannot have. Where that is
    another folder's already, or among the `others`, part of a checksum of the folder's path follows, so that different
    folders have different names.
    """
    path = folder.resolve()
    called = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", path.name)).strip("_")
    plain = called.encode()[:_NAME_BYTES].decode(errors="ignore") or "scans"
    former = re.sub(r"[^A-Za-z0-9_-]+", "_", path.name).strip("_") or "scans"  # as names were before
    apart = f"{plain}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    for name in (plain, former, apart):
        if _folder_read_as(name, results) == path:
            return name
    return apart if plain in others or _folder_read_as(plain, results) else plain


def scan_record(name: str, results: Path) -> Path:
    """Where it is kept which folder is read as page set `name`, and what its check found."""
    return results / "pages" / "state" / f"{name}.json"


def chunk_record(name: str, results: Path) -> Path:
    """Where it is kept in which chunk each page of page set `name` was first read."""
    return results / "pages" / "state" / f"{name}.chunks.json"


def _folder_read_as(name: str, results: Path) -> Path | None:
    """The folder whose scans were read as page set `name`, or None."""
    try:
        return Path(json.loads(scan_record(name, results).read_text(encoding="utf-8"))["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no record, or a damaged one
    try:
        path = pq.read_table(results / "pages" / f"{name}.parquet", columns=["path"])["path"][0].as_py()
    except (OSError, pa.ArrowException, IndexError):
        return None
    return (results.parent / path).parent.resolve()


def corrections_beside(scans: str) -> str | None:
    """The corrections in a folder of scans, or beside a file of them, if there are any.

    They are called `corrections.csv` or `corrections.txt`, as the viewer exports them, or are a folder `corrections`.
    Raises `InputError` if there are several: none is known to be the newest.
    """
    folder = scans if Path(scans).is_dir() else Path(scans).parent
    found = [name for name in ("corrections.csv", "corrections.txt", "corrections") if Path(folder, name).exists()]
    if len(found) > 1:
        raise InputError(
            f"{folder}: holds {' and '.join(found)}; keep those that count, or say which (CORRECTIONS=file)"
        )
    return str(Path(folder, found[0]).resolve()) if found else None


def labelled_pages(labels: str | os.PathLike, scans: Sequence[Path]) -> list[str]:
    """The ids of the `scans` that the file `labels` has boxes of or calls empty, by id.

    Raises one `InputError` for a file that cannot be read, all its malformed rows and all rows of other pages, or if it
    has no box.
    """
    if not Path(labels).is_file():
        raise InputError(f"{labels}: there is no such label file; export one from the viewer, and say LABELS=file.csv")
    boxes, problems = read_labels(labels)
    folder = scans[0].parent
    others = sorted(boxes.keys() - {path.stem for path in scans})
    problems += [f"{labels}: {image_id} has labels, but no image in {folder}" for image_id in others]
    if problems:
        raise InputError(
            f"Problems with the labels ({len(problems)}); correct them, or say the folder of their pages (IMAGES):\n"
            + "\n".join(problems)
        )
    if not any(boxes.values()):
        raise InputError(f"{labels}: holds no box of any page; label some characters first")
    return sorted(boxes)


def adapting(config: dict, folder: str, labels: str, pages: Sequence[str]) -> dict:
    """`config` with the labelled `pages` of `folder` as a page set to learn from, beside one that is to be replayed.

    `training` is both, in one chunk. Raises `InputError` if there is no page set
    `adaptation.replay`, or another has a name that is needed.
    """
    replay = config["adaptation"]["replay"]
    if not config["page_sets"].get(replay):
        raise InputError(f"adaptation.replay: there is no page set {replay}; say --profile profiles/adapt")
    taken = [name for name in (LABELLED, ADAPTATION) if name in config["page_sets"]]
    if taken:
        raise InputError(f"page_sets: {taken[0]} is the name of pages that `adapt` learns from; take another")
    added = {
        LABELLED: {"scans": folder, "labels": labels, "pages": list(pages)},
        ADAPTATION: {"of": [LABELLED, replay]},
    }
    return {
        **config,
        "page_sets": {**config["page_sets"], **added},
        "training": ADAPTATION,
        "recognize": [LABELLED],
        "chunks": 1,
    }
