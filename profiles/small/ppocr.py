"""Makes the weights that the small classifier starts from of PP-OCRv6's small recognition network, an ONNX file.

    pip install onnx
    python profiles/small/ppocr.py PP-OCRv6_rec_small.onnx resources/layouts/charset.txt OUT.pth

The result is a classifier, in half precision, of those codepoints of the charset that the network knows. The ONNX file
lies in the wheel of PyPI's rapidocr 3.10.0, in rapidocr/models (SHA-256 6f327246b503…).
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn

from kuzushiji.classifier.model import KIND, L2Softmax, build_classifier
from kuzushiji.common.codepoints import read_charset

TEMPERATURE = 0.05


def convert(source: str, charset: str, destination: str) -> None:
    """Write the classifier of the codepoints in the file `charset` that the network `source` knows."""
    network = onnx.load(source)
    weights = _weights(network)
    model = build_classifier({"architecture": "ppocrv6_small_rec", "channels": "rgb"}, 1, TEMPERATURE)
    _fill(model.backbone, weights)
    directions, biases = next(weights).T, next(weights)
    if next(weights, None) is not None:
        raise ValueError(f"{source}: has more weights than PP-OCRv6's small recognition network")
    with torch.no_grad():
        # Class 0 is the blank, the others are the network's characters, then the space.
        model.backbone.blank.weight.copy_(directions[:1])
        model.backbone.blank.bias.copy_(biases[:1])
    characters = {entry.key: entry.value for entry in network.metadata_props}["character"].split("\n")
    place = {f"U+{ord(text):04X}": number for number, text in enumerate(characters, 1) if len(text) == 1}
    known = sorted(place.keys() & {f"U+{ord(text):04X}" for text in read_charset(Path(charset))})
    model.head = L2Softmax(model.backbone.head_hidden_size, len(known), TEMPERATURE)
    state = model.state_dict() | {"head.weight": directions[[place[name] for name in known]]}
    # One channel, as scans of gray values in all three would be seen.
    state["backbone.stem.whole.weight"] = state["backbone.stem.whole.weight"].sum(1, keepdim=True)
    state = {name: value.half().contiguous() if value.is_floating_point() else value for name, value in state.items()}
    settings = {"architecture": "ppocrv6_small_rec", "channels": "red", "temperature": TEMPERATURE}
    content = {"kind": KIND, "charset": known, "settings": settings, "best": state, "last": state}
    with open(destination, "wb") as file:  # PyTorch would write a path into the file
        torch.save(content, file)


def _weights(network: onnx.ModelProto) -> Iterator[torch.Tensor]:
    """The tensors of weights, in the order in which the network uses them; single numbers are not among them."""
    tensors = {tensor.name: tensor for tensor in network.graph.initializer}
    for node in network.graph.node:
        for name in node.input:
            if name in tensors:
                value = torch.from_numpy(numpy_helper.to_array(tensors[name]).copy())
                if value.numel() >= 20:
                    yield value


@torch.no_grad()
def _fill(backbone: nn.Module, weights: Iterator[torch.Tensor]) -> None:
    def fill(module: nn.Module) -> None:
        for parameter in module.parameters():
            value = next(weights)
            # The exporter multiplies from the right, and gives biases of convolutions the images' four axes.
            turned = value.T if isinstance(module, nn.Linear) and value.ndim == 2 else value
            parameter.copy_(turned.reshape(parameter.shape))

    stem = backbone.stem
    for module in (stem.whole, stem.narrow, stem.wide, stem.both, stem.out):
        fill(module)
    for block in backbone.blocks:
        excite = [block.excite.fc1, block.excite.fc2] if not isinstance(block.excite, nn.Identity) else []
        for module in (block.places, *excite, block.expand, block.reduce):
            fill(module)
    for layer in (backbone.local, backbone.context, backbone.neighbors):
        fill(layer[0])
        for value in (layer[1].weight, layer[1].bias, layer[1].running_mean, layer[1].running_var):
            value.copy_(next(weights))
    for mixer in backbone.mixers:
        for module in (mixer.norm, mixer.qkv, mixer.project, mixer.mlp[0], mixer.mlp[1], mixer.mlp[3]):
            fill(module)
    fill(backbone.norm)


if __name__ == "__main__":
    convert(*sys.argv[1:])
