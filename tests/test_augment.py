import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kuzushiji.augment import erasing, icap, mixing, pca_noise, training_transform, validation_transform
from kuzushiji.errors import InputError

SETTINGS = {
    "resize": [36, 34],
    "input_size": 32,
    "rotation": 3,
    "crop_scale": [0.85, 0.90],
    "crop_ratio": [0.875, 1.1429],
    "jitter": {"brightness": 0.1, "contrast": 0.1, "saturation": 0.1, "hue": 0.05},
    "grayscale": 0.2,
}
METHODS = [None, {"method": "mixup", "alpha": 0.2}, {"method": "icap", "beta": 1.0, "probability": 0.5}]


def numbered(count, height, width):
    """Images whose every pixel tells the image and the place it is from."""
    return torch.arange(count * height * width, dtype=torch.float64).reshape(count, 1, height, width)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_transforms_give_squares_whatever_the_aspect(mode, channels):
    noise = np.random.default_rng(0).integers(0, 256, (90, 40, 3), dtype=np.uint8)
    crop = Image.fromarray(noise).convert(mode)
    torch.manual_seed(0)
    first, second = (training_transform(SETTINGS)(crop) for _ in range(2))
    for result in (first, second, validation_transform(SETTINGS)(crop)):
        assert result.shape == (channels, 32, 32) and result.dtype == torch.uint8
    assert not torch.equal(first, second)
    assert torch.equal(validation_transform(SETTINGS)(crop), validation_transform(SETTINGS)(crop))


def test_validation_takes_the_center_of_the_test_size():
    crop = Image.fromarray(np.random.default_rng(0).integers(0, 256, (34, 34), dtype=np.uint8))
    expected = torch.from_numpy(np.asarray(crop)[1:33, 1:33].copy())[None]
    assert torch.equal(validation_transform(SETTINGS)(crop), expected)


@pytest.mark.parametrize("settings", METHODS)
@pytest.mark.parametrize("seed", range(5))
def test_targets_are_shares_that_sum_to_one(settings, seed):
    np.random.seed(seed)  # noqa: NPY002 (timm's mixup draws from NumPy's global generator)
    images, labels = torch.rand(8, 1, 6, 5), torch.arange(8) % 3
    mixed, targets = mixing(settings, 4)(images.clone(), labels, np.random.default_rng(seed))
    assert mixed.shape == images.shape and targets.shape == (8, 4)
    torch.testing.assert_close(targets.sum(1), torch.ones(8))
    assert targets.min() >= 0
    # What mixes the pixels mixes the targets: the sum over the batch is kept by all methods.
    torch.testing.assert_close(targets.sum(0), torch.bincount(labels, minlength=4).float(), check_dtype=False)
    torch.testing.assert_close(mixed.sum(0), images.sum(0))


def test_icap_draws_for_every_batch():
    mix = mixing({"method": "icap", "beta": 1.0, "probability": 0.5}, 6)
    images, labels, rng = torch.rand(6, 1, 8, 8), torch.arange(6), np.random.default_rng(0)
    plain = [torch.equal(mix(images, labels, rng)[0], images) for _ in range(40)]
    assert 8 < sum(plain) < 32
    assert not all(plain[plain.index(True) :])  # one "no" is not the end of it


@given(st.integers(0, 1000), st.integers(2, 6), st.integers(2, 9), st.integers(2, 9), st.sampled_from([0.5, 1.0, 2.0]))
def test_icap_keeps_places_and_weighs_by_area(seed, count, height, width, beta):
    images = numbered(count, height, width)
    patched, targets = icap(images, torch.eye(count, dtype=torch.float64), beta, np.random.default_rng(seed))
    source, place = patched.div(height * width).floor(), patched.remainder(height * width)
    assert torch.equal(place, images[:1].expand_as(place))
    for index in range(count):
        shares = torch.bincount(source[index].flatten().long(), minlength=count) / (height * width)
        torch.testing.assert_close(targets[index], shares.double())
        rows = source[index, 0]
        assert (rows[1:] != rows[:-1]).any(1).sum() <= 1  # four rectangles meet at one point
        assert (rows[:, 1:] != rows[:, :-1]).any(0).sum() <= 1


def test_another_method_is_refused():
    with pytest.raises(InputError, match="cutout"):
        mixing({"method": "cutout"}, 3)


def test_erasing_fills_rectangles_of_the_asked_area_with_uniform_noise():
    torch.manual_seed(0)
    images = torch.full((200, 3, 40, 40), 2.0)  # outside the noise
    erased = erasing({"probability": 0.5, "area": [0.02, 0.40], "aspect": [0.3, 3.33]})(images)
    hole = (erased != 2).all(1)
    assert torch.equal(hole, (erased != 2).any(1))
    share = hole.flatten(1).float().mean(1)
    assert 60 < (share > 0).sum() < 140
    assert share.max() < 0.42 and share[share > 0].min() > 0.01
    for mask in hole[share > 0]:
        rows, columns = mask.any(1), mask.any(0)
        assert torch.equal(mask, rows[:, None] & columns[None])
    noise = erased[erased != 2]
    assert noise.min() >= 0 and noise.max() <= 1 and abs(noise.mean() - 0.5) < 0.02


def test_pca_noise_is_one_color_an_image():
    torch.manual_seed(0)
    images = torch.rand(500, 3, 4, 4)
    shift = pca_noise(images, 0.1) - images
    torch.testing.assert_close(shift, shift[:, :, :1, :1].expand_as(shift))
    spread = shift[:, :, 0, 0].std(0)
    assert (spread > 0.005).all() and (spread < 0.02).all()  # about 0.1 x 0.2175 x 0.57
    torch.testing.assert_close(pca_noise(images, 0.0), images)
