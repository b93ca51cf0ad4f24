"""Export of a classifier: the best epoch of its checkpoint as a file of weights in few bits."""

import os

import numpy as np
import torch

from kuzushiji.classifier.model import KIND, load_classifier
from kuzushiji.classifier.run import started
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
    (Wortsman et al. 2022, WiSE-FT). Raises `InputError` like `load_classifier`, like `started` if `start` is another
    network, and if the weights do not fit half precision.
    """
    model, charset, settings = load_classifier(source)
    weights = model.state_dict()
    if start:
        weights = _mean(weights, charset, settings, start, start_share)
    if "start" in settings:  # a path on the machine of the training
        settings = {**settings, "start": None}
    write_weights(weights, {"kind": KIND, "settings": settings, "charset": charset}, destination, bits)


def _mean(weights: dict, charset: list[str], settings: dict, start: str | os.PathLike, share: float) -> dict:
    """`weights` and those of `start`, with `share`; the directions of codepoints that `start` lacks are as trained."""
    before = started(start, charset, settings).state_dict()
    added = ~np.isin(charset, load_classifier(start)[1])
    before["head.weight"][added] = weights["head.weight"][added]
    return {
        name: torch.lerp(value, before[name], share) if value.is_floating_point() else value
        for name, value in weights.items()
    }
