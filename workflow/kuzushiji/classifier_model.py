"""The classifiers' network: a timm backbone under an L2-constrained softmax, and reading trained ones."""

import os
from collections import OrderedDict

import timm
import torch
import torch.nn.functional as F
from torch import nn

import kuzushiji.published_efficientnet  # noqa: F401 (one more architecture that timm knows)
from kuzushiji.errors import InputError

KIND = "kuzushiji classifier"


class L2Softmax(nn.Module):
    """Cosine similarity to one direction a class, over `temperature` (Ranjan et al. 2017, L2-constrained softmax).

    Maps features (N, features) to logits (N, classes), always in float32.
    """

    def __init__(self, features: int, classes: int, temperature: float):
        super().__init__()
        self.temperature = temperature
        self.weight = nn.Parameter(torch.empty(classes, features))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        # bfloat16 would round logits of up to 1 / temperature to steps of about 0.1.
        with torch.autocast(features.device.type, enabled=False):
            return F.linear(F.normalize(features.float()), F.normalize(self.weight)) / self.temperature


def build_classifier(settings: dict, classes: int, temperature: float) -> nn.Module:
    """A network from normalized images (N, 1 or 3, size, size) to logits (N, classes).

    `settings` names timm's `architecture`, `pretrained` and `channels` (gray or rgb). Raises `InputError` if timm does
    not know the architecture or its pretrained weights cannot be had.
    """
    architecture, pretrained = settings["architecture"], settings["pretrained"]
    if not timm.is_model(architecture):
        raise InputError(f"architecture: timm knows no {architecture}; timm.list_models() names those it knows")
    options = {"num_classes": 0, "in_chans": 1 if settings["channels"] == "gray" else 3}
    try:
        backbone = timm.create_model(architecture, pretrained=pretrained, **options)
    except Exception as error:  # timm and its hub raise many kinds for a missing network, file or set of weights
        if not pretrained:
            raise
        raise InputError(
            f"the pretrained weights of {architecture} cannot be had ({error}); "
            "go online once, or set pretrained: false for this classifier"
        ) from error
    head = L2Softmax(backbone.num_features, classes, temperature)
    return nn.Sequential(OrderedDict(backbone=backbone, head=head))


def normalize(images: torch.Tensor, settings: dict) -> torch.Tensor:
    """Images with values from 0 to 1, (N, channels, height, width), as the network of `settings` wants them."""
    return (images - settings["mean"]) / settings["std"]


def load_classifier(path: str | os.PathLike, which: str = "best") -> tuple[nn.Module, list[str], dict]:
    """Read a file that `kuzushiji.classifier.train` wrote: the network on the CPU, its charset and its settings.

    `which` is "best" or "last"; class i of the network is `charset[i]`. Raises `InputError` for a missing or damaged
    file or one of another kind.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what is no checkpoint fails in torch's unpickler in any number of ways
        raise InputError(f"{path}: cannot be read as a classifier ({error}); train or fetch it again") from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(f"{path}: not a classifier of this workflow; a published one has to be imported first")
    settings, charset = content["settings"], content["charset"]
    model = build_classifier({**settings, "pretrained": False}, len(charset), settings["temperature"])
    try:
        model.load_state_dict(content[which])
    except RuntimeError as error:
        raise InputError(f"{path}: its weights do not fit {settings['architecture']}: {error}") from error
    return model.eval(), charset, settings
