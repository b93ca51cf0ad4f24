"""The contents of an epoch's batches, independent of the processes that read them."""

from collections.abc import Iterator

import numpy as np

from kuzushiji.classifier.transforms import Draws, draw
from kuzushiji.common.errors import InputError
from kuzushiji.crops.folds import undersample
from kuzushiji.crops.sampling import draw_weighted


def training_batches(
    labels: np.ndarray, weights: np.ndarray, settings: dict, batch_size: int, epoch: int
) -> Iterator[tuple[np.ndarray, Draws]]:
    """The batches of an epoch: places in `labels`, and random transforms, drawn from the seed and the epoch alone.

    With `sampling` an epoch is so many crops drawn by their `weights` (N,), without it a pass over all.
    """
    rng = np.random.default_rng([settings["seed"], epoch, 0])
    if settings["sampling"]:
        order = draw_weighted(weights, settings["sampling"]["crops"], rng).astype(np.int32)
    else:
        order = undersample(labels, settings["max_training"], rng).astype(np.int32)
    for start in range(0, len(order) // batch_size * batch_size, batch_size):
        yield order[start : start + batch_size], draw(settings, batch_size, rng)


def batch_size_of(labels: np.ndarray, settings: dict, processes: int) -> tuple[int, int]:
    """The number of crops per batch and of batches per epoch. Raises `InputError` for too few crops."""
    if settings["sampling"]:
        used = settings["sampling"]["crops"]
    else:
        used = int(np.minimum(np.bincount(labels, minlength=1), settings["max_training"]).sum())
    size = min(settings["batch_size"], used // 2 * 2)
    if size < 2 * processes:
        raise InputError(
            f"{used} training crops in batches of {settings['batch_size']}: at least two a batch are needed for each "
            f"of {processes} processes; label more pages or raise batch_size"
        )
    if size % 2 and settings["mixing"] and settings["mixing"]["method"] == "mixup":
        raise InputError(f"batch_size: mixup mixes pairs, so it has to be even, not {size}")
    if size % processes:
        raise InputError(f"batch_size: {size} crops cannot be shared equally by {processes} processes")
    return size, used // size
