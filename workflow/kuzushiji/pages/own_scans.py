"""Reading a folder of scans with existing models."""

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from kuzushiji.common.errors import InputError

_CHUNKS = 64  # at most
_PAGES_OF_A_CHUNK = 16  # at least: each job loads a network, which takes as long as several pages on a GPU


def newest_models(results: Path, imported: Sequence[str]) -> tuple[Path, dict]:
    """The file and the configuration of the newest models under `results`, from the provenance of what they read.

    Those of `imported` rounds do not count: `round` asks for them. Raises `InputError` if there are no others.
    """
    crates = [path for path in results.glob("*/provenance/*/config.yaml") if path.parts[-4] not in imported]
    noted = sorted(crates, key=lambda path: path.stat().st_mtime_ns)
    if not noted:
        raise InputError(
            f"{results}: no models are here yet. --config round=published (make read: WEIGHTS=published) fetches the "
            "published ones; `make demo` trains small ones in minutes, and --directory demo (make read: MODELS=demo) "
            "reads with them; `snakemake` trains the published system in days"
        )
    return noted[-1], yaml.safe_load(noted[-1].read_text(encoding="utf-8"))


def reading(config: dict, folder: str, scans: Sequence[Path]) -> dict:
    """`config` with `folder` and its `scans` as an additional page set, the one to read, in a useful number of chunks.

    The page set has the folder's name, with `_` for characters that a name cannot have. Raises `InputError` if another
    page set has that name.
    """
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", scans[0].parent.resolve().name).strip("_") or "scans"
    entry = {"images": folder}
    if config["page_sets"].get(name, entry) != entry:
        raise InputError(f"{folder}: there is a page set {name} already; rename the folder")
    return {
        **config,
        "page_sets": {**config["page_sets"], name: entry},
        "recognize": [name],
        "chunks": min(_CHUNKS, max(1, len(scans) // _PAGES_OF_A_CHUNK)),
    }
