"""The chunks of own scans: a page stays in the chunk in which it was first read, and later pages have new ones.

So a folder to which pages are added has only these read. Page sets of the configuration have fixed chunks (`chunk_of`),
which do not depend on what was read before.
"""

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np

from kuzushiji.common.files import replacing
from kuzushiji.common.tables import page_order

_CHUNKS = 64  # at most, of the pages that come at once
_PAGES = 16  # of a chunk, at least: each job loads a network, which takes as long as several pages on a GPU


def assign_chunks(image_ids: Collection[str], record: Path) -> dict[str, int]:
    """The chunk of each page: as in `record`, a JSON file, to which those of new pages are added.

    New pages are divided in their order into chunks of at least 16, 64 at most, numbered from the first free number.
    """
    known = recorded_chunks(record)
    new = page_order(set(image_ids) - known.keys())
    if new:
        first = max(known.values(), default=-1) + 1
        parts = np.array_split(np.arange(len(new)), min(_CHUNKS, max(1, len(new) // _PAGES)))
        known |= {new[index]: first + number for number, part in enumerate(parts) for index in part}
        with replacing(record) as partial:
            partial.write_text(json.dumps(known, indent=1), encoding="utf-8")
    return known


def recorded_chunks(record: Path) -> dict[str, int]:
    """What `assign_chunks` recorded last, for jobs, which must all plan the same; nothing if there is no record."""
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or a damaged one: all is divided again
        return {}
    return content if isinstance(content, dict) else {}
