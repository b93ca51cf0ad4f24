"""The tables that stages exchange: Parquet files with typed columns, sorted by page and box."""

import os
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from natsort import natsorted

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing

KEY = ["image_id", "box"]
BY_HAND = "hand"  # the detector of boxes that people drew
_KEY_COLUMNS = [("image_id", pa.string()), ("box", pa.int32())]
_INTEGER_BOX = [(name, pa.int32()) for name in CORNERS]
_SCORES = [("detector_score", pa.float32()), ("codepoint", pa.string()), ("probability", pa.float32())]

# Coordinates are pixels of the original page; `box` numbers the boxes of a page from 0.
SCHEMAS = {
    "pages": pa.schema(
        [
            ("image_id", pa.string()),
            ("book", pa.string()),
            ("image_set", pa.string()),
            ("path", pa.string()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("chunk", pa.int32()),
            ("note", pa.string()),  # what was corrected on reading: EXIF rotation, alpha, gray
        ]
    ),
    "truth": pa.schema([*_KEY_COLUMNS, *_INTEGER_BOX, ("codepoint", pa.string())]),
    "folds": pa.schema([*_KEY_COLUMNS, ("codepoint", pa.string())]),
    "detections": pa.schema(
        [*_KEY_COLUMNS, *[(name, pa.float32()) for name in CORNERS], ("detector_score", pa.float32())]
    ),
    "predictions": pa.schema([*_KEY_COLUMNS, *_INTEGER_BOX, *_SCORES]),
    # The top-k predictions of one classifier: also its most probable codepoints, best first, and their probabilities.
    "top_k": pa.schema(
        [
            *_KEY_COLUMNS,
            *_INTEGER_BOX,
            *_SCORES,
            ("codepoints", pa.list_(pa.string())),
            ("probabilities", pa.list_(pa.float32())),
        ]
    ),
    "merged": pa.schema([*_KEY_COLUMNS, *_INTEGER_BOX, *_SCORES, ("detector", pa.string())]),
    "recognized": pa.schema(
        [
            *_KEY_COLUMNS,
            *_INTEGER_BOX,
            *_SCORES,
            ("detector", pa.string()),
            ("keep_probability", pa.float32()),
            ("kept", pa.bool_()),
        ]
    ),
    # The other candidates for a recognized box, best first.
    "alternatives": pa.schema(
        [*_KEY_COLUMNS, ("codepoints", pa.list_(pa.string())), ("probabilities", pa.list_(pa.float32()))]
    ),
    # The kept boxes in reading order: `position` counts from 0 on each page.
    "ordered": pa.schema(
        [
            *_KEY_COLUMNS,
            *_INTEGER_BOX,
            *_SCORES,
            ("keep_probability", pa.float32()),
            ("position", pa.int32()),
            ("block", pa.int32()),
            ("column", pa.int32()),
            ("line", pa.int32()),
            ("role", pa.string()),
        ]
    ),
    # The boxes of a transcription's characters. `trust`: 3 given, 2 matched, 1 matched with doubt, 0 interpolated.
    # `posterior`: of the match; 0 without one. `order`: the character's place in the text from 0, or -1.
    "aligned": pa.schema(
        [
            *_KEY_COLUMNS,
            *_INTEGER_BOX,
            ("codepoint", pa.string()),
            ("trust", pa.int8()),
            ("posterior", pa.float32()),
            ("order", pa.int32()),
        ]
    ),
}


def write_table(table: pd.DataFrame, path: str | os.PathLike, kind: str) -> None:
    """Write `table` as Parquet with exactly the columns of `SCHEMAS[kind]`, sorted by `image_id` then `box`.

    Raises `InputError` if a column is missing.
    """
    schema = SCHEMAS[kind]
    missing = [name for name in schema.names if name not in table.columns]
    if missing:
        raise InputError(f"{path}: a table of {kind} needs the columns {', '.join(missing)}")
    order = [name for name in KEY if name in schema.names]
    table = table.sort_values(order, kind="stable")[schema.names]
    _write(pa.Table.from_pandas(table, schema=schema, preserve_index=False), path)


def read_table(path: str | os.PathLike, kind: str) -> pd.DataFrame:
    """Read a table that `write_table` wrote; of one with more columns, those of `kind`.

    Raises `InputError` if the file is missing, not Parquet, or lacks a column of `SCHEMAS[kind]`.
    """
    return read_arrow(path, kind).to_pandas()


def gather_tables(paths: Iterable[str | os.PathLike], path: str | os.PathLike, kind: str) -> None:
    """Join tables that `write_table` wrote into one at `path`, sorted by `image_id` then `box`.

    Raises `InputError` as `read_table` does.
    """
    table = pa.concat_tables([SCHEMAS[kind].empty_table(), *[read_arrow(part, kind) for part in paths]])
    _write(table.sort_by([(name, "ascending") for name in KEY]), path)


def _write(table: pa.Table, path: str | os.PathLike) -> None:
    # With checksums: a damaged page of numbers would else be read as other numbers.
    with replacing(path) as partial:
        pq.write_table(table, partial, write_page_checksum=True)


def read_arrow(path: str | os.PathLike, kind: str) -> pa.Table:
    """`read_table` as an Arrow table, in which lists are cheap."""
    names = SCHEMAS[kind].names
    try:
        found = pq.read_schema(path).names
        missing = [name for name in names if name not in found]
        if not missing:
            return pq.read_table(path, columns=names, page_checksum_verification=True).cast(SCHEMAS[kind])
    except (OSError, ValueError, pa.ArrowException) as error:  # ValueError: names that are no text
        said = " ".join(str(error).split())
        raise InputError(
            f"{path}: cannot be read as a table of {kind}: {said}; delete it and start the same command again, which "
            "makes it anew"
        ) from error
    raise InputError(f"{path}: not a table of {kind}: it lacks the columns {', '.join(missing)}")


def page_order(image_ids: Iterable[str]) -> list[str]:
    """Ids of pages as people count them: `page 2` comes before `page 10`."""
    return natsorted(sorted(image_ids))


def in_page_order(pages: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table with an `image_id` each in `page_order`."""
    return pages.set_index("image_id", drop=False).loc[page_order(pages["image_id"])].reset_index(drop=True)


def concat_tables(tables: list[pd.DataFrame], kind: str) -> pd.DataFrame:
    """The rows of all `tables`, in order, with the column types of `kind` even where there are no rows."""
    empty = SCHEMAS[kind].empty_table().to_pandas()
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True)[SCHEMAS[kind].names] if filled else empty
