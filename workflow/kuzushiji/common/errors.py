"""The exception for errors that a user can fix."""

from collections.abc import Sequence

SHOWN = 5  # names that a message lists


class InputError(ValueError):
    """Bad input or configuration; the message names the file, row or key and says what to do."""


def shortened(names: Sequence[str]) -> str:
    """The first `SHOWN` of `names`, separated by commas, with an ellipsis for the rest."""
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


def printable(name: str) -> str:
    """A file's name for terminals and tables: escaped where it is no UTF-8 or has control characters."""
    return name if name.isprintable() else ascii(name)[1:-1]
