"""Import of an exported detector: from its file to a checkpoint like that of a training."""

import os

import torch

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.untrusted import state_problems
from kuzushiji.detector.model import KIND, build_model
from kuzushiji.published.weights_file import read_weights


def import_small_detector(source: str | os.PathLike, destination: str | os.PathLike) -> None:
    """Write the file `source` of `export_detector` to `destination`, as `load_detector` reads it.

    No code in the file is run. Raises `InputError` if it is not such a file, if its network cannot be built or
    `detector.config.check_network` refuses it, or if its weights do not fit the network.
    """
    weights, meta = read_weights(source, KIND, ("settings", "iteration"))
    try:
        model = build_model(meta["settings"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{source}: its settings are no detector's ({error!r}); export it again") from error
    problems = state_problems(weights, model.state_dict())
    if problems:
        raise InputError(f"{source}: the weights do not fit the network that the file names: {'; '.join(problems)}")
    with replacing(destination) as partial, open(partial, "wb") as file:  # PyTorch would write a path into the file
        torch.save({**meta, "state_dict": weights}, file)
