import cv2
import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from kuzushiji.classifier.torch_transforms import _turned, transform_batch, warp_matrices
from kuzushiji.classifier.transforms import draw, letterbox, square, transform, warp_matrix

SHAPES = [(60, 60), (90, 45), (50, 120), (33, 70)] * 6
OFF = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
SETTINGS = {
    "resize": [72, 70],
    "input_size": 64,
    "letterbox": False,
    "rotation": 8,
    "crop_scale": [0.7, 1.0],
    "crop_ratio": [0.8, 1.25],
    "shear": 0,
    "elastic": 0,
    "stroke": 0,
    "jitter": OFF,
    "grayscale": 0,
}


def crops(channels):
    """Smooth images of SHAPES, (height, width, channels) uint8."""
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 256, (6, 5, channels), dtype=np.uint8) for _ in SHAPES]
    return [
        cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC).reshape(*shape, channels)
        for noise, shape in zip(coarse, SHAPES, strict=True)
    ]


def both(settings, channels):
    """The crops transformed by OpenCV and by PyTorch, each (N, size, size, channels) int."""
    images, draws = crops(channels), draw(settings, len(SHAPES), np.random.default_rng(1))
    size, side = settings["input_size"], settings["resize"][0]
    expected = np.empty((len(images), size, size, channels), np.uint8)
    transform(iter(images), draws, settings, expected)
    fit = letterbox if settings["letterbox"] else square
    squares = torch.from_numpy(np.stack([fit(image, side) for image in images]))
    found = transform_batch(squares, draws, np.array([height / width for height, width in SHAPES]), settings)
    assert found.dtype == torch.uint8 and found.shape == expected.shape
    return expected.astype(int), found.numpy().astype(int)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"letterbox": True},
        {"letterbox": True, "shear": 0.2},
        {"elastic": 1.5, "letterbox": True},
        {"stroke": 0.9},
        {"jitter": {"brightness": 0.4, "contrast": 0.4, "saturation": 0.0, "hue": 0.0}},
        {"jitter": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.5, "hue": 0.1}, "grayscale": 0.4},
    ],
)
def test_they_are_those_of_opencv_up_to_rounding(changes, channels):
    expected, found = both(SETTINGS | changes, channels)
    difference = np.abs(found - expected)
    if channels == 3 and changes.get("jitter", OFF)["hue"]:  # OpenCV's hue has a byte, torchvision's has not
        assert difference.mean() < 1 and (difference > 8).mean() < 0.01
    else:
        assert difference.max() <= 3 and difference.mean() < 0.001


def test_hues_turn_as_those_of_torchvision():
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 3, 40, 40))).float()
    images[0] = images[0, :1]  # gray
    for shift in (-0.4, 0.0, 0.07, 0.5):
        expected = functional.adjust_hue(images / 255, shift) * 255
        assert (_turned(images, torch.full((6, 1, 1), shift)) - expected).abs().max() < 0.01


def test_each_crop_has_its_own_draws():
    _, first = both(SETTINGS | {"stroke": 0.9, "shear": 0.2, "elastic": 1.0}, 1)
    alike = (first[None] == first[:, None]).all(axis=(2, 3, 4))
    assert (alike == np.eye(len(SHAPES), dtype=bool)).all()


def test_matrices_of_a_batch_are_those_of_single_crops():
    draws = draw(SETTINGS, len(SHAPES), np.random.default_rng(0))
    aspects = np.array([height / width for height, width in SHAPES])
    found = warp_matrices(draws["angle"], draws["part"], aspects, 72, 64)
    for matrix, angle, part, shape in zip(found, draws["angle"], draws["part"], SHAPES, strict=True):
        np.testing.assert_allclose(matrix, warp_matrix(angle, part, shape, 72, 64), atol=1e-9)
