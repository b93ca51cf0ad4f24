import numpy as np
import pytest
import timm
import torch
from published_files import GOLDEN
from torch import nn

from kuzushiji.classifier.pretrained_classifier import fetch_classifier
from kuzushiji.common.errors import InputError


def test_it_has_the_state_of_timms_network():
    ours, timms = (timm.create_model(name, num_classes=0, in_chans=1) for name in NAMES)
    assert {name: value.shape for name, value in ours.state_dict().items()} == {
        name: value.shape for name, value in timms.state_dict().items()
    }
    assert {module.eps for module in ours.modules() if isinstance(module, nn.BatchNorm2d)} == {1e-3}


NAMES = ("published_efficientnet_b4", "efficientnet_b4")


def test_every_block_gives_maps_of_the_published_size(one_thread):
    model = timm.create_model(NAMES[0], num_classes=0, in_chans=1).eval()
    shapes = []
    for stage in model.blocks:
        for block in stage:
            block.register_forward_hook(lambda block, given, result: shapes.append(result.shape))
    with torch.inference_mode():
        model(torch.zeros(3, 1, 190, 190))
    golden = np.load(GOLDEN / "classifier_golden.npz")["efficientnet_b4_gray_block_shapes"]
    assert [tuple(shape[1:]) for shape in shapes] == [tuple(shape[1:]) for shape in golden]


def test_odd_sizes_are_padded_as_even_ones():
    model = timm.create_model(NAMES[0], num_classes=0, in_chans=1)
    strided = [module for module in model.modules() if isinstance(module, nn.Conv2d) and module.stride == (2, 2)]
    kernels = [conv.kernel_size[0] for conv in strided]
    assert kernels == [3, 3, 5, 3, 5]  # the stem, and the stages that halve the map
    for conv, kernel in zip(strided, kernels, strict=True):
        conv.weight.data.fill_(1)
        ones = torch.ones(1, conv.in_channels, 7, 7)
        reached = conv(ones)[0, 0] / conv(ones)[0, 0].max()
        before = {3: 0, 5: 1}[kernel]
        places = np.arange(0, 7 + kernel - 2 - kernel + 1, 2) - before
        inside = [sum(0 <= place + k < 7 for k in range(kernel)) for place in places]
        torch.testing.assert_close(reached, torch.tensor(np.outer(inside, inside) / max(inside) ** 2).float())


def test_there_are_no_pretrained_weights(tmp_path):
    with pytest.raises(InputError, match="no ImageNet weights for the published EfficientNet"):
        fetch_classifier(NAMES[0], tmp_path / "weights.safetensors")
