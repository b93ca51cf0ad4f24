"""Import of an exported classifier: from its file to a checkpoint like that of a training."""

import os

import torch
from jsonschema import Draft202012Validator

from kuzushiji.classifier.model import KIND, build_classifier
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.untrusted import state_problems
from kuzushiji.published.import_classifier import charset_problems
from kuzushiji.published.weights_file import read_weights

# What reading needs of the settings that a classifier was trained with.
_SETTINGS = Draft202012Validator(
    {
        "type": "object",
        "required": ["architecture", "channels", "mean", "std", "input_size", "resize", "letterbox", "temperature"],
        "properties": {
            "architecture": {"type": "string"},
            "channels": {"enum": ["gray", "rgb", "red"]},
            "mean": {"type": "number"},
            "std": {"type": "number", "exclusiveMinimum": 0},
            "input_size": {"type": "integer", "minimum": 1},
            "resize": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer", "minimum": 1}},
            "letterbox": {"type": "boolean"},
            "temperature": {"type": "number", "exclusiveMinimum": 0},
        },
    }
)


def import_small_classifier(source: str | os.PathLike, destination: str | os.PathLike) -> None:
    """Write the file `source` of `export_classifier` to `destination`, as `load_classifier` reads it.

    No code in the file is run. Raises `InputError` if it is not such a file, names a network that timm does not know,
    has a bad charset, or if its weights do not fit the network.
    """
    weights, meta = read_weights(source, KIND, ("settings", "charset"))
    settings, charset = meta["settings"], meta["charset"]
    for error in _SETTINGS.iter_errors(settings):
        key = ": ".join(["settings", *map(str, error.absolute_path)])
        raise InputError(f"{source}: {key}: {error.message}; these are no classifier's settings, export it again")
    model = build_classifier(settings, len(charset), settings["temperature"])
    problems = state_problems(weights, model.state_dict()) + charset_problems(charset)
    if problems:
        raise InputError(f"{source}: does not fit {settings['architecture']}: {'; '.join(problems)}")
    with replacing(destination) as partial, open(partial, "wb") as file:  # PyTorch would write a path into the file
        torch.save({**meta, "best": weights, "last": weights}, file)
