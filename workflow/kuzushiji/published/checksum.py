"""A check that a file from outside has not changed since it was first used."""

import os
from pathlib import Path

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import checksum, replacing


def check_file(path: str | os.PathLike, record: str | os.PathLike) -> str:
    """Write the SHA-256 of the file `path` to the file `record` at the first call, and compare it at later calls.

    The record has the format of `sha256sum --check`. Raises `InputError` if the file cannot be read or has changed, or
    if the record is malformed.
    """
    path, record = Path(path), Path(record)
    try:
        found = checksum(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    if not record.exists():
        with replacing(record) as partial:
            partial.write_text(f"{found}  {path.name}\n")
        return found
    noted = record.read_text().split()
    if noted[1:] != [path.name]:
        raise InputError(f"{record}: is no checksum of {path.name}; delete it, and the present file will be noted")
    if noted[0] != found:
        raise InputError(
            f"{path}: is not the file that was used first (SHA-256 {found}, {record} notes {noted[0]}): "
            f"bring that file back, or delete {record} if the change is meant"
        )
    return found
