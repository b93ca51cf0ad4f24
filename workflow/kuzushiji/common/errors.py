"""The exception for errors that a user can fix."""

from collections.abc import Callable, Sequence
from functools import wraps

SHOWN = 5  # names that a message lists


class InputError(ValueError):
    """Bad input or configuration; the message names the file, row or key and says what to do."""


def shortened(names: Sequence[str]) -> str:
    """The first `SHOWN` of `names`, separated by commas, with an ellipsis for the rest."""
    return ", ".join(names[:SHOWN]) + (" …" if len(names) > SHOWN else "")


def printable(name: str) -> str:
    """A file's name for terminals and tables: escaped where it is no UTF-8 or has control characters."""
    return name if name.isprintable() else ascii(name)[1:-1]


def with_cause(initialize: Callable[..., None]) -> Callable[..., None]:
    """An exception's `__init__` that keeps what it is made of, if that is an exception too, as its cause.

    Where Snakemake raises its `InputFunctionException` once more, another error is the context.
    """

    @wraps(initialize)
    def initialized(self: BaseException, message: object, *arguments, **named) -> None:
        initialize(self, message, *arguments, **named)
        if isinstance(message, BaseException):
            self.__cause__ = message

    return initialized


def plain_errors(formatted: Callable[..., str]) -> Callable[..., str]:
    """Snakemake's `format_exception_to_string`, but of an `InputError` its message alone, wherever it was raised.

    Its rule and the lines of Snakefiles that it came through say nothing to those who can mend it.
    """

    @wraps(formatted)
    def plainly(error: BaseException, *arguments, **named) -> str:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, InputError):
            cause = cause.__cause__ or cause.__context__
        return f"Error: {cause}" if cause is not None else formatted(error, *arguments, **named)

    return plainly
