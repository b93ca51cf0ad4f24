"""The classifiers' network, a timm backbone with an L2-constrained softmax, and reading trained ones."""

import os
from collections import OrderedDict

import timm
import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import nn

from kuzushiji.classifier.architectures import ppocr, published_efficientnet  # noqa: F401 (registered with timm)
from kuzushiji.common.errors import InputError
from kuzushiji.common.untrusted import read_untrusted

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


def build_classifier(
    settings: dict, classes: int, temperature: float, pretrained: str | os.PathLike | None = None
) -> nn.Module:
    """A network from normalized images (N, 1 or 3, size, size) to logits (N, classes).

    `settings` names timm's `architecture` and `channels` (gray or rgb). `pretrained` is a file (safetensors) of its
    weights for RGB images and any classes, as timm names them; without it the weights are random.
    Raises `InputError` if timm does not know the architecture, or if the file cannot be read or lacks a weight.
    """
    architecture = settings["architecture"]
    if not timm.is_model(architecture):
        raise InputError(f"architecture: timm knows no {architecture}; timm.list_models() names those it knows")
    options = {"num_classes": 0, "in_chans": 3 if settings["channels"] == "rgb" else 1}
    if pretrained:
        options |= {"pretrained": True, "pretrained_cfg_overlay": {"file": os.fspath(pretrained)}}
        names = _names(pretrained)
    backbone = timm.create_model(architecture, **options)
    # timm only warns about these.
    missing = sorted(backbone.state_dict().keys() - names) if pretrained else []
    if missing:
        lacking = ", ".join(missing[:5])
        raise InputError(f"{pretrained}: lacks {lacking} of {architecture}; delete it, and it is fetched again")
    head = L2Softmax(backbone.head_hidden_size, classes, temperature)
    return nn.Sequential(OrderedDict(backbone=backbone, head=head))


def _names(weights: str | os.PathLike) -> set[str]:
    try:
        with safe_open(weights, framework="pt") as file:
            return set(file.keys())
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"{weights}: cannot be read as weights ({error}); delete it, and it is fetched again"
        ) from error


def normalize(images: torch.Tensor, settings: dict) -> torch.Tensor:
    """Images with values from 0 to 1, (N, channels, height, width), normalized for the network of `settings`."""
    return (images - settings["mean"]) / settings["std"]


def load_classifier(path: str | os.PathLike, which: str = "best") -> tuple[nn.Module, list[str], dict]:
    """Read a file that `classifier.classifier.train` wrote: the network on the CPU, its charset and its settings.

    `which` is "best" or "last"; class i of the network is `charset[i]`. Raises `InputError` for a missing or damaged
    file or one of another kind.
    """
    content = read_untrusted(path, remedy="train or fetch it again")
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(f"{path}: not a classifier of this workflow; a published one has to be imported first")
    settings, charset = content["settings"], content["charset"]
    model = build_classifier(settings, len(charset), settings["temperature"])
    try:
        model.load_state_dict(content[which])
    except RuntimeError as error:
        raise InputError(f"{path}: its weights do not fit {settings['architecture']}: {error}") from error
    return model.eval(), charset, settings
