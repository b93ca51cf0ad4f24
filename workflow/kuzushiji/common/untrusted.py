"""Reading files of weights without running code in them, and checking the weights."""

import os
import pickle
import re
import struct
from collections.abc import Mapping, Sequence

import torch

from kuzushiji.common.errors import InputError

# The exceptions of unpicklers for damaged files and files of other kinds. Others, such as `MemoryError`, are not the
# file's fault.
DAMAGED = (
    pickle.UnpicklingError,
    struct.error,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


def read_untrusted(
    source: str | os.PathLike, allowed: Sequence[type] = (), remedy: str = "download it again and put it there"
) -> object:
    """The content of a PyTorch file, on the CPU. Only tensors and the `allowed` classes are created.

    Raises `InputError` with the `remedy` if the file is missing, damaged, or names another class.
    """
    try:
        with torch.serialization.safe_globals(list(allowed)):
            return torch.load(source, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror or error}); {remedy}") from error
    except DAMAGED as error:
        if "allocate memory" in str(error):  # PyTorch's `RuntimeError`
            raise
        forbidden = re.search(r"GLOBAL (\S+)", str(error))
        found = f"asks for {forbidden[1]}, which was not run" if forbidden else "is damaged, or no PyTorch file"
        raise InputError(f"{source}: cannot be read: it {found}; {remedy}") from error


def state_problems(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> list[str]:
    """The reasons why the weights `found` cannot replace those `expected`, matched by name.

    One line per kind of problem, with all names: missing, surplus, not a tensor, another shape, another type of
    numbers, not finite.
    """
    both = {name: (found[name], like) for name, like in expected.items() if name in found}
    tensors = {name: pair for name, pair in both.items() if isinstance(pair[0], torch.Tensor)}
    problems = {
        "missing": [name for name in expected if name not in found],
        "not of this network": [name for name in found if name not in expected],
        "no tensor": [name for name in both if name not in tensors],
        "of another shape": [
            f"{name} {tuple(value.shape)}, not {tuple(like.shape)}"
            for name, (value, like) in tensors.items()
            if value.shape != like.shape
        ],
        "of another kind of numbers": [
            f"{name} {value.dtype}"
            for name, (value, like) in tensors.items()
            if value.is_floating_point() != like.is_floating_point()
        ],
        "not finite": [name for name, (value, _) in tensors.items() if not value.isfinite().all()],
    }
    return [f"{what}: {', '.join(names)}" for what, names in problems.items() if names]
