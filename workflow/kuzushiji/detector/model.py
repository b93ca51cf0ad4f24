"""The detector's network: built by mmdet, initialized with ImageNet weights, or read from a checkpoint."""

import json
import logging
import os

import cv2
import numpy as np
from mmengine.logging import MMLogger
from torch import nn

from kuzushiji.common.errors import InputError, shortened
from kuzushiji.common.untrusted import read_untrusted, state_problems
from kuzushiji.detector import mmcv_ops
from kuzushiji.detector.config import check_network, model_config
from kuzushiji.detector.parts import parts

KIND = "kuzushiji detector"

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def build_model(settings: dict) -> nn.Module:
    """The network of `model_config` with random weights, as a PyTorch module.

    Its attribute `merging` says how `detector.detect` merges boxes. Raises `InputError` if mmdet cannot build it.
    """
    mmcv_ops.install()
    # Imported here, since mmdet's models need mmcv's operators.
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    from mmengine.config import ConfigDict

    from kuzushiji.detector import assigner, legacy_boxes  # noqa: F401 (register classes of the configuration)

    register_all_modules()
    # mmengine logs how it initializes every weight.
    MMLogger.get_current_instance().setLevel(logging.WARNING)
    network = model_config(settings)
    if "network" in settings:
        check_network(network, "a detector's network")
    try:
        model = MODELS.build(ConfigDict(network))
    except (KeyError, TypeError, ValueError, AssertionError, AttributeError) as error:
        if "network" not in settings:
            raise
        raise InputError(f"model: mmdet cannot build this network ({error}); mend its file") from error
    # How the boxes of all passes over a page are merged.
    model.merging = parts(settings.get("components", "modern")).merging()
    return model


def load_pretrained(model: nn.Module, path: str | os.PathLike) -> None:
    """Load the ImageNet weights in the file `path` into the backbone of `model` (and its shared fifth stage).

    Raises `InputError` if the file cannot be read or lacks a weight.
    """
    weights = read_untrusted(path, remedy="delete it, and it is fetched again")
    left = dict(weights.get("state_dict", weights))
    stages = [model.backbone] + ([model.roi_head.shared_head] if model.roi_head.with_shared_head else [])
    for stage in stages:
        own = stage.state_dict()
        # Batch norm is folded in the file, so that it needs no statistics: those of a new network change nothing.
        missing = [name for name in own if name not in left and not name.endswith(_STATISTICS)]
        if missing:
            raise InputError(f"{path}: lacks the weights {shortened(missing)}")
        stage.load_state_dict({name: left.pop(name, own[name]) for name in own})


def load_detector(path: str | os.PathLike, expected: dict | None = None) -> tuple[nn.Module, dict]:
    """The network of a checkpoint that `detector.train` wrote, in evaluation mode, on the CPU.

    Returns the module and a dict of `settings` (the section `model`), `iteration` and `kind`.
    Raises `InputError` if the file is missing, damaged or not a detector, if it was trained with other settings than
    `expected`, or if its weights do not fit its settings.
    """
    checkpoint = read_untrusted(path, remedy="make or fetch it again")
    if not isinstance(checkpoint, dict) or checkpoint.get("kind") != KIND:
        raise InputError(f"{path}: not a detector of this workflow; import published weights first")
    own, asked = checkpoint["settings"], plain(expected or checkpoint["settings"])
    other = [name for name in {**own, **asked} if own.get(name) != asked.get(name)]
    if other:
        found = "; ".join(f"{name} is {own.get(name)}, not {asked.get(name)}" for name in other)
        raise InputError(f"{path}: trained with another model than config's: {found}; train it again")
    weights = checkpoint.pop("state_dict")
    model = build_model(checkpoint["settings"])
    problems = state_problems(weights, model.state_dict())
    if problems:
        raise InputError(f"{path}: the weights do not fit the architecture that the file names: {'; '.join(problems)}")
    model.load_state_dict(weights)
    return model.eval(), checkpoint


def read_denoised(path: str | os.PathLike) -> np.ndarray:
    """A denoised page as input of the networks: uint8, (height, width, 3), in the file's order blue, green, red.

    Raises `InputError` if the file is missing or not an image.
    """
    image = cv2.imread(os.fspath(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"{path}: no such image, or it cannot be read; denoise the page again")
    return image


def plain(settings: dict) -> dict:
    """`settings` as plain dicts, lists and numbers, as a checkpoint needs them."""
    return json.loads(json.dumps(settings))
