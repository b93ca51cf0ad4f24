"""EfficientNet-B4 of the published solution's library: timm's network with another padding and two other constants."""

import timm
import torch
import torch.nn.functional as F
from timm.models import register_model
from torch import nn


class PaddedConv2d(nn.Conv2d):
    """A convolution that pads its input (N, C, height, width): `before` on the left and top, `after` on the others."""

    def __init__(self, before: int, after: int, *args, **kwargs):
        super().__init__(*args, padding=0, **kwargs)
        self.sides = (before, after, before, after)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(images, self.sides))


@register_model
def published_efficientnet_b4(pretrained: bool = False, **options) -> nn.Module:
    """timm's `efficientnet_b4`, with the same state, as the published first classifier needs it; random weights.

    Batch norm has epsilon 1e-3, the last one is followed by pooling alone, and convolutions of stride 2 pad like
    TensorFlow's SAME for an even side: the published library assumed the image's side of 190 pixels everywhere, though
    the sides are 95, 47, 23 and 11.
    """
    if pretrained:
        raise RuntimeError("there are no ImageNet weights for the published EfficientNet")
    model = timm.create_model("efficientnet_b4", bn_eps=1e-3, **options)
    model.bn2.act = nn.Identity()
    for name, conv in list(model.named_modules()):
        if isinstance(conv, nn.Conv2d) and conv.stride == (2, 2):
            model.set_submodule(name, _padded(conv))
    return model


def _padded(conv: nn.Conv2d) -> PaddedConv2d:
    missing = conv.kernel_size[0] - 2  # of an even side
    padded = PaddedConv2d(
        missing // 2,
        missing - missing // 2,
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        stride=conv.stride,
        groups=conv.groups,
        bias=conv.bias is not None,
    )
    padded.load_state_dict(conv.state_dict())
    return padded
