"""Files of another program: reading them without running what is in them, and whether their weights fit."""

import os
import re
from collections.abc import Mapping

import torch

from kuzushiji.common.errors import InputError


def read_untrusted(source: str | os.PathLike, allowed: list[type]) -> object:
    """What PyTorch saved at `source`, on the CPU. Of classes, only tensors and those `allowed` are made.

    Raises `InputError` if the file is missing, damaged, or asks for anything else.
    """
    try:
        with torch.serialization.safe_globals(allowed):
            return torch.load(source, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"{source}: cannot be read ({error.strerror or error}); put the file there") from error
    except Exception as error:  # what is no checkpoint fails in the unpickler in any number of ways
        forbidden = re.search(r"GLOBAL (\S+)", str(error))
        found = f"asks for {forbidden[1]}, which was not run" if forbidden else "is damaged, or no PyTorch file"
        raise InputError(f"{source}: {found}; it cannot be a published file, download it again") from error


def state_problems(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> list[str]:
    """What keeps the weights `found` from taking the place of those `expected` under the same names.

    A line for each kind, with all names: what is missing or surplus, is no tensor, has another shape or kind of
    numbers, or numbers that are not finite.
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
