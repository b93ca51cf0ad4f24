"""Networks as files for distribution: weights in few bits, and settings, in safetensors, which contains no code."""

import json
import os

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing

_META = (
    "network"  # the one key of the file's metadata: safetensors writes several in any order, equal files as other bytes
)
_SCALE = ".scale"  # added to the name of an 8-bit tensor: what its rows are multiplied by


def write_weights(
    weights: dict[str, torch.Tensor], meta: dict[str, object], destination: str | os.PathLike, bits: int
) -> None:
    """Write `weights` (name → tensor) with `meta`, which is stored as JSON, to `destination`.

    Floating-point tensors with two or more dimensions are stored in half precision (`bits` 16), or as whole numbers
    from -127 to 127 with a scale for each output channel (`bits` 8). Vectors (biases, statistics of batch norm) stay as
    they are: they are small, and may have values above 65,504. Raises `InputError` if a matrix has a number outside
    the range of half precision.
    """
    stored = {}
    for name, value in weights.items():
        if not (value.is_floating_point() and value.ndim > 1):
            stored[name] = value.contiguous().clone()
            continue
        if not value.half().isfinite().all():
            raise InputError(
                f"{destination}: {name} has numbers beyond half precision; this network cannot be exported"
            )
        if bits == 16:
            stored[name] = value.half().contiguous().clone()
        else:
            largest = value.abs().flatten(1).amax(dim=1)
            scale = torch.where(largest > 0, largest / 127, torch.ones_like(largest))
            stored[name] = (value / _rows(scale, value)).round().to(torch.int8).contiguous()
            stored[name + _SCALE] = scale
    with replacing(destination) as partial:
        text = json.dumps(meta, ensure_ascii=False)
        partial.write_bytes(save(stored, {_META: text}))  # `save_file` lets nobody else read the file


def read_weights(source: str | os.PathLike, kind: str, keys: tuple[str, ...]) -> tuple[dict[str, torch.Tensor], dict]:
    """The weights in `source`, floating-point ones in float32, and its metadata, read from JSON.

    No code in the file is run. Raises `InputError` if the file is missing or damaged, not of this `kind`, or lacks one
    of the `keys` of the metadata.
    """
    try:
        with safe_open(source, framework="pt") as file:
            text = (file.metadata() or {}).get(_META, "{}")
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        meta = dict(json.loads(text))
    except (OSError, SafetensorError, TypeError, ValueError) as error:
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
    scales = {name: weights.pop(name + _SCALE) for name in list(weights) if name + _SCALE in weights}
    for name, scale in scales.items():
        if scale.shape != weights[name].shape[:1]:
            raise InputError(f"{source}: {name} has a scale of another shape; export it again")
        weights[name] = weights[name].float() * _rows(scale, weights[name])
    return {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}, meta


def _rows(scale: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """A number per output channel in the shape that multiplies `value`."""
    return scale.view(-1, *[1] * (value.ndim - 1))
