"""Import of the published detectors: from maskrcnn-benchmark's checkpoints to this workflow's."""

import logging
import os
import re

import torch
from torch import nn

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.untrusted import read_untrusted, state_problems
from kuzushiji.detector.config import PUBLISHED_MODEL
from kuzushiji.detector.model import KIND, build_model, plain

CELL_ANCHORS = "rpn.anchor_generator.cell_anchors.0"
# The published names of this workflow's weights.
_NAMES = [
    (r"^backbone\.(conv1|bn1)\.", r"backbone.body.stem.\1."),
    (r"^backbone\.layer", r"backbone.body.layer"),
    (r"^rpn_head\.rpn_conv\.", r"rpn.head.conv."),
    (r"^rpn_head\.rpn_cls\.", r"rpn.head.cls_logits."),
    (r"^rpn_head\.rpn_reg\.", r"rpn.head.bbox_pred."),
    (r"^roi_head\.shared_head\.", r"roi_heads.box.feature_extractor.head."),
    (r"^roi_head\.bbox_head\.fc_cls\.", r"roi_heads.box.predictor.cls_score."),
    (r"^roi_head\.bbox_head\.fc_reg\.", r"roi_heads.box.predictor.bbox_pred."),
]
# Both have a background class besides the character: first in the published class scores, last in the workflow's, and
# in the deltas only of the published file.
_ROWS = {"cls_score": [1, 0], "bbox_pred": [4, 5, 6, 7]}
_PREDICTOR = "roi_heads.box.predictor."


def import_detector(source: str | os.PathLike, destination: str | os.PathLike) -> None:
    """Write the published checkpoint `source` as one that `detector.model.load_detector` reads.

    source: a dict of `model` (weights, with or without the prefix `module.`) and `iteration`; other entries are left
    out. Only tensors and plain values are unpickled. The settings of the new checkpoint are `PUBLISHED_MODEL`, equal
    for all published detectors.

    Raises one `InputError` if the file is not such a checkpoint, or with all weights that are missing, unknown to the
    network, of another shape, or not finite.
    """
    weights, iteration = _read(source)
    model = build_model(PUBLISHED_MODEL)
    own = {name: value for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    names = {name: _published(name) for name in own}
    expected = {names[name]: value for name, value in own.items()} | {CELL_ANCHORS: _anchors(model)}
    for tail in ("weight", "bias"):  # of background and character
        expected[f"{_PREDICTOR}bbox_pred.{tail}"] = expected[f"{_PREDICTOR}bbox_pred.{tail}"].repeat_interleave(2, 0)
    problems = state_problems(weights, expected)
    if problems:
        raise InputError(f"{source}: the weights are not those of the published detector: {'; '.join(problems)}")
    if not torch.equal(weights[CELL_ANCHORS].float(), _anchors(model)):
        raise InputError(
            f"{source}: trained with other anchors than the published solution's: {CELL_ANCHORS} is "
            f"{weights[CELL_ANCHORS].tolist()}, not {_anchors(model).tolist()}"
        )
    state = model.state_dict() | {name: _converted(weights[names[name]], names[name]) for name in own}
    checkpoint = {"kind": KIND, "settings": plain(PUBLISHED_MODEL), "iteration": iteration, "state_dict": state}
    # Into an open file: given a path, PyTorch writes the file's name into it, and equal weights would differ in bytes.
    with replacing(destination) as partial, open(partial, "wb") as file:
        torch.save(checkpoint, file)
    logging.info("%s: %d weights after %d iterations", source, len(own), iteration)


def _read(source: str | os.PathLike) -> tuple[dict[str, torch.Tensor], int]:
    """The weights by their names without the prefix `module.`, and the iteration."""
    remedy = f"download {os.path.basename(source)} again or name another file"

    def refused(why: str) -> InputError:
        return InputError(f"{source}: not a checkpoint of the published detector: {why}; {remedy}")

    checkpoint = read_untrusted(source, remedy=remedy)
    weights = checkpoint.get("model") if isinstance(checkpoint, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise refused("it holds no `model` with weights")
    if not isinstance(checkpoint.get("iteration"), int):
        raise refused("it does not say after which `iteration` it was saved")
    weights = {str(name).removeprefix("module."): value for name, value in weights.items()}
    if not any(name.startswith("rpn.head.") for name in weights):
        raise refused(f"its weights are another network's, such as {next(iter(weights), 'none')}")
    return weights, checkpoint["iteration"]


def _published(name: str) -> str:
    """The published name of the weight `name`."""
    for pattern, replacement in _NAMES:
        name, found = re.subn(pattern, replacement, name)
        if found:
            return name
    raise KeyError(name)


def _anchors(model: nn.Module) -> torch.Tensor:
    return model.rpn_head.prior_generator.base_anchors[0]


def _converted(weight: torch.Tensor, name: str) -> torch.Tensor:
    predictor = name.removeprefix(_PREDICTOR).split(".")[0] if name.startswith(_PREDICTOR) else None
    rows = _ROWS.get(predictor, slice(None))
    return weight[rows].float().clone(memory_format=torch.contiguous_format)
