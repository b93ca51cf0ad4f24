"""The small recognition network of PP-OCRv6 as a timm network: it has learnt to read lines of Chinese and Japanese."""

import torch
import torch.nn.functional as F
from timm.layers import SqueezeExcite
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import nn

# Of each block: channels in and out, whether it halves the height, and whether it has squeeze-and-excitation.
_BLOCKS = (
    *((96, 96, False, True), (96, 96, False, False), (96, 96, False, False), (96, 192, True, False)),
    *((192, 192, False, True), (192, 192, False, False)) * 3,
    *((192, 384, True, False), (384, 384, False, True), (384, 384, False, False)),
)
_FEATURES, _HEADS = 120, 8

default_cfgs = generate_default_cfgs(
    {
        "ppocrv6_small_rec": {
            "input_size": (3, 48, 48),
            "mean": (0.5, 0.5, 0.5),
            "std": (0.5, 0.5, 0.5),
            "num_classes": 0,
            "first_conv": "stem.whole",
            "classifier": (),
        }
    }
)


class Stem(nn.Module):
    """Images (N, channels, height, width) to (N, 96, height / 4, width / 4), by two paths, one of which only pools."""

    def __init__(self, channels: int):
        super().__init__()
        self.whole = nn.Conv2d(channels, 48, 3, 2, 1)
        self.narrow = nn.Conv2d(48, 24, 2)
        self.wide = nn.Conv2d(24, 48, 2)
        self.both = nn.Conv2d(96, 48, 3, 2, 1)
        self.out = nn.Conv2d(48, 96, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        sides = (0, 1, 0, 1)  # on the right and below, as for "same" padding
        whole = F.pad(F.relu(self.whole(images)), sides)
        strokes = F.relu(self.wide(F.pad(F.relu(self.narrow(whole)), sides)))
        both = torch.cat([F.max_pool2d(whole, 2, 1), strokes], 1)
        return F.relu(self.out(F.relu(self.both(both))))


class Block(nn.Module):
    """A depthwise convolution over places, then two pointwise ones over channels, added to what they see."""

    def __init__(self, channels: int, out: int, halves: bool, excites: bool):
        super().__init__()
        self.places = nn.Conv2d(channels, channels, 3, (2, 1) if halves else 1, 1, groups=channels)
        self.excite = SqueezeExcite(channels, 0.25, gate_layer="hard_sigmoid") if excites else nn.Identity()
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.reduce = nn.Conv2d(2 * channels, out, 1)
        self.adds = channels == out

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        features = self.excite(self.places(features))
        mixed = self.reduce(F.gelu(self.expand(features)))
        return features + mixed if self.adds else mixed


class Mixer(nn.Module):
    """Attention over the places of a line (N, places, features), and a layer over its features."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(_FEATURES)
        self.qkv = nn.Linear(_FEATURES, 3 * _FEATURES)
        self.project = nn.Linear(_FEATURES, _FEATURES)
        self.mlp = nn.Sequential(
            nn.LayerNorm(_FEATURES), nn.Linear(_FEATURES, 2 * _FEATURES), nn.SiLU(), nn.Linear(2 * _FEATURES, _FEATURES)
        )

    def forward(self, line: torch.Tensor) -> torch.Tensor:
        heads = self.qkv(self.norm(line)).unflatten(2, (3, _HEADS, -1)).permute(2, 0, 3, 1, 4)
        line = line + self.project(F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2))
        return line + self.mlp(line)


class ConvNormAct(nn.Sequential):
    """A convolution without bias, batch norm and SiLU."""

    def __init__(self, channels: int, kernel: tuple[int, int] = (1, 1), groups: int = 1):
        padding = (kernel[0] // 2, kernel[1] // 2)
        conv = nn.Conv2d(channels, _FEATURES, kernel, padding=padding, groups=groups, bias=False)
        super().__init__(conv, nn.BatchNorm2d(_FEATURES), nn.SiLU())


class Recognizer(nn.Module):
    """Images (N, channels, side, side) of single characters to features (N, 120).

    The published network names the character at each of side / 8 places along the line, or says that there is none.
    Here the features of the places are averaged by how little they say that: `blank` is their direction, so that the
    published directions of the characters, as those of a cosine classifier, name an image's character.
    """

    def __init__(self, in_chans: int = 3, num_classes: int = 0):
        super().__init__()
        if num_classes:
            raise ValueError("the network has no classes of its own: num_classes has to be 0")
        self.num_classes, self.num_features, self.head_hidden_size = 0, _FEATURES, _FEATURES
        self.stem = Stem(in_chans)
        self.blocks = nn.Sequential(*[Block(*block) for block in _BLOCKS])
        self.local = ConvNormAct(_BLOCKS[-1][1])
        self.context = ConvNormAct(_BLOCKS[-1][1])
        self.neighbors = ConvNormAct(_FEATURES, (1, 7), _FEATURES)
        self.mixers = nn.Sequential(Mixer(), Mixer())
        self.norm = nn.LayerNorm(_FEATURES, eps=1e-6)
        self.blank = nn.Linear(_FEATURES, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.blocks(self.stem(images))
        features = F.avg_pool2d(features, (features.shape[2], 2))
        context = self.context(features)
        context = context + self.neighbors(context)
        line = self.norm(self.mixers(context.flatten(2).mT)) + self.local(features).flatten(2).mT
        shares = torch.softmax(-self.blank(line), 1)
        return (shares * line).sum(1)


@register_model
def ppocrv6_small_rec(pretrained: bool = False, **options) -> nn.Module:
    """The recognition network of PP-OCRv6, small (Baidu's PaddleOCR, Apache License 2.0), without its classes."""
    return build_model_with_cfg(Recognizer, "ppocrv6_small_rec", pretrained, **options)
