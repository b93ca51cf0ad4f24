"""Tables that people make: CSV files of labels, transcriptions and corrections, read in one way."""

import csv
import io
import os
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path

from kuzushiji.common.errors import InputError

csv.field_size_limit(sys.maxsize)  # a page of 5,460 boxes has a longer field than Python's limit


def read_rows(path: str | os.PathLike) -> Iterator[tuple[str, list[str]]]:
    """Pairs of a row's place, `{path}: row {number}`, and its values; the first row is 1, empty ones are left out.

    The file is UTF-8, with or without a mark at its beginning, or UTF-16 with one, as spreadsheets write it. Raises
    `InputError` with the place if it cannot be read, has another encoding or an unclosed quotation mark, or names a
    column twice.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: row {row}: cannot be read: it is no UTF-8; save the file as CSV in UTF-8") from error
    rows, number = csv.reader(io.StringIO(text, newline=""), strict=True), 0
    while True:
        number += 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                f"{path}: row {number}: a quotation mark that begins here is not closed, or stands inside a value "
                f"({error}); close or double it"
            ) from error
        if number == 1 and len(set(row)) < len(row):
            raise InputError(f"{path}: row 1: a column is there twice: `{','.join(row)}`; keep one")
        if row:
            yield f"{path}: row {number}", row
