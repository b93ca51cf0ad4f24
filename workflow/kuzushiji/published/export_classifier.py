"""Export of a classifier: the best epoch of its checkpoint as a file of weights in few bits."""

import os

import torch

from kuzushiji.classifier.model import KIND, load_classifier
from kuzushiji.common.errors import InputError
from kuzushiji.published.weights_file import write_weights


def export_classifier(
    source: str | os.PathLike,
    destination: str | os.PathLike,
    bits: int,
    start: str | os.PathLike | None = None,
    start_share: float = 0,
) -> None:
    """Write the best weights of the checkpoint `source` as `destination`, which `import_small_classifier` reads.

    `bits` of a weight are 8 or 16. If `start` is given, the checkpoint that the training began with, the weights are a
    mean of both, in which `start` has `start_share`: what it knew and the training did not show is forgotten less
    (Wortsman et al. 2022, WiSE-FT). Raises `InputError` like `load_classifier`, if `start` is another network, and if
    the weights do not fit half precision.
    """
    model, charset, settings = load_classifier(source)
    weights = model.state_dict()
    if start:
        weights = _mean(weights, charset, start, start_share)
    if "start" in settings:  # a path on the machine of the training
        settings = {**settings, "start": None}
    write_weights(weights, {"kind": KIND, "settings": settings, "charset": charset}, destination, bits)


def _mean(weights: dict, charset: list[str], start: str | os.PathLike, share: float) -> dict:
    """`weights` and those of `start`, with `share`; the directions of codepoints that `start` lacks are as trained."""
    model, known, _ = load_classifier(start)
    before = model.state_dict()
    if not set(known) <= set(charset) or _shapes(before) != _shapes(weights):
        raise InputError(f"{start}: is not what this classifier started from; name that, or set export.start_share: 0")
    directions = weights["head.weight"].clone()
    directions[[charset.index(codepoint) for codepoint in known]] = before["head.weight"]
    before["head.weight"] = directions
    return {
        name: torch.lerp(value, before[name], share) if value.is_floating_point() else value
        for name, value in weights.items()
    }


def _shapes(weights: dict) -> dict:
    """Of all weights, whatever the number of codepoints."""
    return {name: value.shape[1:] if name == "head.weight" else value.shape for name, value in weights.items()}
