"""Networks as files for distribution: half-precision weights and settings in safetensors, which contains no code."""

import json
import os

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing


def write_weights(weights: dict[str, torch.Tensor], meta: dict[str, object], destination: str | os.PathLike) -> None:
    """Write `weights` (name → tensor) with `meta`, whose values are stored as JSON, to `destination`.

    Floating-point tensors with two or more dimensions are stored in half precision. Vectors (biases, statistics of
    batch norm) stay as they are: they are small, and may have values above 65,504. Raises `InputError` if a matrix has
    a number outside the range of half precision.
    """
    stored = {}
    for name, value in weights.items():
        halved = value.half() if value.is_floating_point() and value.ndim > 1 else value
        if not halved.isfinite().all():
            raise InputError(
                f"{destination}: {name} has numbers beyond half precision; this network cannot be exported"
            )
        stored[name] = halved.contiguous().clone()
    with replacing(destination) as partial:
        save_file(stored, partial, {key: json.dumps(value, ensure_ascii=False) for key, value in meta.items()})


def read_weights(source: str | os.PathLike, kind: str, keys: tuple[str, ...]) -> tuple[dict[str, torch.Tensor], dict]:
    """The weights in `source`, floating-point ones in float32, and its metadata, read from JSON.

    No code in the file is run. Raises `InputError` if the file is missing or damaged, not of this `kind`, or lacks one
    of the `keys` of the metadata.
    """
    try:
        with safe_open(source, framework="pt") as file:
            texts = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        meta = {key: json.loads(text) for key, text in texts.items()}
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise InputError(
            f"{source}: cannot be read as exported weights ({error}); export or fetch them again"
        ) from error
    if meta.get("kind") != kind:
        raise InputError(
            f"{source}: is {meta.get('kind', 'of no kind')}, not {kind}; name an exported file of that kind"
        )
    lacking = [key for key in keys if key not in meta]
    if lacking:
        raise InputError(f"{source}: its metadata lack {', '.join(lacking)}; export it again")
    return {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}, meta
