"""Importing an exported detector: a checkpoint as its training leaves it."""

import os

import torch

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.untrusted import state_problems
from kuzushiji.detector.model import KIND, build_model
from kuzushiji.published.weights_file import read_weights


def import_small_detector(source: str | os.PathLike, destination: str | os.PathLike) -> None:
    """Write the file `source` of `export_detector` to `destination`, as `load_detector` reads it.

    No code in the file is run. Raises `InputError` if it is no such file, names a network that cannot be built or is
    not to be (`detector.config.check_network`), or holds other weights than that network's.
    """
    weights, meta = read_weights(source, KIND, ("settings", "iteration"))
    try:
        model = build_model(meta["settings"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{source}: its settings are no detector's ({error!r}); export it again") from error
    problems = state_problems(weights, model.state_dict())
    if problems:
        raise InputError(f"{source}: the weights do not fit the network that the file names: {'; '.join(problems)}")
    with replacing(destination) as partial, open(partial, "wb") as file:  # a path would be written into the file
        torch.save({**meta, "state_dict": weights}, file)
