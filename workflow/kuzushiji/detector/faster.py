"""Ways to let a detector find boxes faster, each of which changes them by rounding alone."""

from collections.abc import Collection

import torch
from torch import nn

from kuzushiji.common.errors import InputError

WAYS = ("fold_norm", "channels_last", "compile")


def feature_parts(model: nn.Module) -> list[nn.Module]:
    """The parts of mmdet's `model` that compute features, in which nearly all time is spent."""
    parts = [model.backbone]
    parts += [model.neck] if model.with_neck else []
    parts += [model.roi_head.shared_head] if model.with_shared_head else []
    return parts


def make_faster(model: nn.Module, ways: Collection[str]) -> None:
    """Change the parts of `model`, in evaluation mode and on its device, in the given `WAYS`.

    fold_norm: batch norms, which are constant at test, become part of the convolutions before them. channels_last: the
    layout in memory that tensor cores and vector units compute in. compile: kernels made by PyTorch for this network,
    which takes minutes at the first pages and needs a C++ compiler. Raises `InputError` for another way.
    """
    unknown = [way for way in ways if way not in WAYS]
    if unknown:
        raise InputError(f"detect.faster: unknown {unknown[0]}; choose from {', '.join(WAYS)}")
    for part in feature_parts(model):
        if "fold_norm" in ways:
            from mmcv.cnn import fuse_conv_bn  # here, since mmcv needs the operators that building the model installs

            fuse_conv_bn(part)
        if "channels_last" in ways:
            part.to(memory_format=torch.channels_last)
        if "compile" in ways:
            part.forward = torch.compile(part.forward, dynamic=True)  # pages and passes have many sizes
