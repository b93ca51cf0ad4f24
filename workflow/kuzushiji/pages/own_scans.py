"""Reading a folder of scans with existing models, or learning the hand of the book that it holds."""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import yaml

from kuzushiji.common.errors import InputError
from kuzushiji.pages.labels import read_labels

# The page sets that classifiers are adapted with: the labelled pages of a book, and these with what is replayed.
LABELLED, ADAPTATION = "labelled", "adaptation"
_CHUNKS = 64  # at most
_PAGES_OF_A_CHUNK = 16  # at least: each job loads a network, which takes as long as several pages on a GPU


def newest_models(results: Path, imported: Collection[str]) -> tuple[Path | None, dict]:
    """The file and the configuration of the newest models under `results`, from the provenance of what they read.

    Those of `imported` rounds do not count: `round` asks for them. If there are no others, the small networks read that
    come with the workflow, adapted to a book if `results` has such classifiers.
    """
    crates = [path for path in results.glob("*/provenance/*/config.yaml") if path.parts[-4] not in imported]
    noted = sorted(crates, key=lambda path: path.stat().st_mtime_ns)
    if noted:
        return noted[-1], yaml.safe_load(noted[-1].read_text(encoding="utf-8"))
    return None, {"round": "adapted" if any(results.glob("adapted/classifiers/*.pth")) else "small"}


def reading(config: dict, folder: str, scans: Sequence[Path], kind: str = "images") -> dict:
    """`config` with `folder` and its `scans` as an additional page set, the one to read, in a useful number of chunks.

    `kind`: "images", or "scans" that are to be unpacked.

    The page set has the folder's name, with `_` for characters that a name cannot have. Raises `InputError` if another
    page set has that name.
    """
    name = _name(scans)
    entry = {kind: folder}
    if config["page_sets"].get(name, entry) != entry:
        raise InputError(f"{folder}: there is a page set {name} already; rename the folder")
    return {
        **config,
        "page_sets": {**config["page_sets"], name: entry},
        "recognize": [name],
        "chunks": min(_CHUNKS, max(1, len(scans) // _PAGES_OF_A_CHUNK)),
    }


def _name(scans: Sequence[Path]) -> str:
    """The name of the scans' folder, with `_` for characters that a page set's name cannot have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", scans[0].parent.resolve().name).strip("_") or "scans"


def corrections_beside(folder: str) -> str | None:
    """The file or folder of corrections in a folder of scans, `corrections.csv` or `corrections`, if there is one."""
    for name in ("corrections.csv", "corrections"):
        if Path(folder, name).exists():
            return str(Path(folder, name).resolve())
    return None


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

    `training` is both, in one chunk. Raises `InputError` if there is no page set `adaptation.replay`, or another has
    a name that is needed.
    """
    replay = config["adaptation"]["replay"]
    if not config["page_sets"].get(replay):
        raise InputError(f"adaptation.replay: there is no page set {replay}; say --profile profiles/adapt")
    taken = [name for name in (LABELLED, ADAPTATION) if name in config["page_sets"]]
    if taken:
        raise InputError(f"page_sets: {taken[0]} is the name of pages that `adapt` learns from; take another")
    added = {
        LABELLED: {"images": folder, "labels": labels, "pages": list(pages)},
        ADAPTATION: {"of": [LABELLED, replay]},
    }
    return {
        **config,
        "page_sets": {**config["page_sets"], **added},
        "training": ADAPTATION,
        "recognize": [LABELLED],
        "chunks": 1,
    }
