"""Files of another program: reading them without running what is in them, and whether their weights are the right ones."""

import os
from collections.abc import Mapping

import torch

from kuzushiji.errors import InputError


def read_foreign(source: str | os.PathLike, allowed: list[type]) -> object:
    """What PyTorch saved at `source`, on the CPU. Of classes, only tensors and those `allowed` are made.

    Raises `InputError` if the file is missing, damaged, or asks for anything else.
    """
    try:
        with torch.serialization.safe_globals(allowed):
            return torch.load(source, map_location="cpu", weights_only=True)
    except Exception as error:  # what is no checkpoint fails in the unpickler in any number of ways
        reason = str(error).partition("Please file an issue")[0].strip().splitlines()[-1:]
        raise InputError(
            f"{source}: cannot be read as published weights ({' '.join(reason)}); nothing in it was run; download it again"
        ) from error


def state_problems(found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> list[str]:
    """What keeps the weights `found` from taking the place of those `expected` under the same names, a line each.

    Missing and surplus names, what is no tensor, other shapes or kinds of numbers, numbers that are not finite.
    """
    problems = [f"{name} is missing" for name in expected if name not in found]
    problems += [f"{name} is not of this network" for name in found if name not in expected]
    for name, like in expected.items():
        value = found.get(name, like)
        if not isinstance(value, torch.Tensor):
            problems.append(f"{name} is no tensor but a {type(value).__name__}")
        elif value.shape != like.shape:
            problems.append(f"{name} has the shape {tuple(value.shape)} in place of {tuple(like.shape)}")
        elif value.is_floating_point() != like.is_floating_point():
            problems.append(f"{name} is of {value.dtype} in place of {like.dtype}")
        elif not value.isfinite().all():
            problems.append(f"{name} has numbers that are not finite")
    return problems
