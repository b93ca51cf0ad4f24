import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.classifier.mixing import EIGENVALUES, EIGENVECTORS, augment, erasing, icap, mixing, pca_noise
from kuzushiji.common.errors import InputError

METHODS = [None, {"method": "mixup", "alpha": 0.2}, {"method": "icap", "beta": 1.0, "probability": 0.5}]


def numbered(count, height, width):
    """Images whose every pixel tells the image and the place it is from."""
    return torch.arange(count * height * width, dtype=torch.float64).reshape(count, 1, height, width)


@pytest.mark.parametrize("settings", METHODS)
@given(seed=st.integers(0, 1000), pairs=st.integers(1, 5), classes=st.integers(1, 6))
def test_targets_are_mixed_as_the_pixels_are_and_keep_their_sums(settings, seed, pairs, classes):
    np.random.seed(seed)  # noqa: NPY002 (timm's mixup draws from NumPy's global generator)
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2 * pairs, 1, 6, 5, generator=generator)
    weights = torch.tensor([1.0, 0.9] * pairs)  # a target need not sum to 1
    targets = F.one_hot(torch.arange(2 * pairs) % classes, classes) * weights[:, None]
    mixed, shares = mixing(settings, classes)(images.clone(), targets, np.random.default_rng(seed))
    assert mixed.shape == images.shape and shares.shape == targets.shape
    assert shares.min() >= 0
    assert (shares.sum(1) > 0.9 - 1e-5).all() and (shares.sum(1) < 1 + 1e-5).all()
    # What mixes the pixels mixes the targets: the sum over the batch is kept by all methods.
    torch.testing.assert_close(shares.sum(0), targets.sum(0))
    torch.testing.assert_close(mixed.sum(0), images.sum(0))


@given(seed=st.integers(0, 1000), alpha=st.floats(0.1, 2))
def test_mixup_weighs_each_image_and_its_partner(seed, alpha):
    np.random.seed(seed)  # noqa: NPY002
    images, targets = torch.eye(4)[:, None, None, :], torch.eye(4)
    mixed, shares = mixing({"method": "mixup", "alpha": alpha}, 4)(images.clone(), targets, None)
    weight = shares[0, 0].item()
    expected = weight * torch.eye(4) + (1 - weight) * torch.eye(4).flip(1)
    torch.testing.assert_close(shares, expected)
    torch.testing.assert_close(mixed[:, 0, 0], expected)


def test_mixup_draws_its_weight_from_the_beta_distribution():
    np.random.seed(0)  # noqa: NPY002
    mix = mixing({"method": "mixup", "alpha": 0.2}, 2)
    weights = [mix(torch.zeros(2, 1, 1, 1), torch.eye(2), None)[1][0, 0].item() for _ in range(3000)]
    assert abs(np.mean(weights) - 0.5) < 0.02
    assert abs(np.var(weights) - 1 / (4 * 1.4)) < 0.01  # 1 / (4 (2 alpha + 1))


def test_icap_draws_for_every_batch():
    mix = mixing({"method": "icap", "beta": 1.0, "probability": 0.5}, 6)
    images, targets, rng = torch.rand(6, 1, 8, 8), torch.eye(6), np.random.default_rng(0)
    plain = [torch.equal(mix(images, targets, rng)[0], images) for _ in range(40)]
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


@given(
    st.integers(0, 1000),
    st.tuples(st.floats(0.02, 0.6), st.floats(0.02, 0.6)).map(sorted),
    st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)).map(sorted),
)
def test_erased_rectangles_keep_to_their_area_and_aspect(seed, area, aspect):
    random.seed(seed)
    images = torch.full((8, 3, 40, 30), 2.0)  # outside the noise
    erase = erasing({"probability": 1.0, "area": area, "aspect": aspect})
    holes = (erase(images, torch.Generator().manual_seed(seed)) != 2).all(1)
    for hole in holes[holes.flatten(1).any(1)]:
        rows, columns = hole.any(1), hole.any(0)
        assert torch.equal(hole, rows[:, None] & columns[None])
        height, width = rows.sum().item(), columns.sum().item()  # rounded to pixels
        assert (height + 0.5) * (width + 0.5) >= area[0] * 1200
        assert (height - 0.5) * (width - 0.5) <= area[1] * 1200
        assert (height + 0.5) / (width - 0.5) >= aspect[0]
        assert (height - 0.5) / (width + 0.5) <= aspect[1]


def test_erasing_takes_its_share_of_the_images_and_fills_with_uniform_noise():
    random.seed(0)
    images = torch.full((400, 3, 40, 40), 2.0)
    erase = erasing({"probability": 0.5, "area": [0.02, 0.40], "aspect": [0.3, 3.33]})
    erased = erase(images, torch.Generator().manual_seed(0))
    hole = (erased != 2).all(1)
    assert torch.equal(hole, (erased != 2).any(1))
    assert 160 < hole.flatten(1).any(1).sum() < 240
    noise = erased[erased != 2]
    assert noise.min() >= 0 and noise.max() <= 1
    assert abs(noise.mean() - 0.5) < 0.01 and abs(noise.std() - 1 / 12**0.5) < 0.01
    channels = erased[:, :, hole.any(0)][hole[:, hole.any(0)].unsqueeze(1).expand(-1, 3, -1)]
    assert len(channels.unique()) > 1000  # a value a pixel and channel
    assert erasing(None)(images, None) is images


def test_pca_noise_is_one_color_an_image_spread_as_the_components_are():
    images = torch.rand(20000, 3, 2, 2)
    shift = pca_noise(images, 0.1, np.random.default_rng(0)) - images
    torch.testing.assert_close(shift, shift[:, :, :1, :1].expand_as(shift))
    colors = shift[:, :, 0, 0].double().numpy()
    directions, spread = EIGENVECTORS.double().numpy(), 0.1 * EIGENVALUES.double().numpy()
    expected = directions @ np.diag(spread**2) @ directions.T
    np.testing.assert_allclose(np.cov(colors.T), expected, atol=0.02 * expected.max())
    torch.testing.assert_close(pca_noise(images, 0.0, np.random.default_rng(0)), images)


def test_the_components_are_orthogonal_directions():
    torch.testing.assert_close(EIGENVECTORS.T @ EIGENVECTORS, torch.eye(3), atol=1e-3, rtol=0)


@pytest.mark.parametrize("channels", ["gray", "rgb"])
@pytest.mark.parametrize("method", METHODS)
def test_a_batch_gets_all_that_is_asked_and_nothing_else(channels, method):
    count = 1 if channels == "gray" else 3
    images, targets = torch.rand(4, count, 12, 12), torch.eye(4)
    settings = {"channels": channels, "pca_noise": 0, "mixing": None, "erasing": None}

    def augmented(**changes):
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        noise = torch.Generator().manual_seed(0)
        return augment(images.clone(), targets, {**settings, **changes}, np.random.default_rng(1), noise)

    assert torch.equal(augmented()[0], images) and torch.equal(augmented()[1], targets)
    assert torch.equal(augmented(pca_noise=0.1)[0], images) == (channels == "gray")
    erased, kept = augmented(mixing=method, erasing={"probability": 1.0, "area": [0.1, 0.2], "aspect": [0.5, 2.0]})
    mixed, shares = augmented(mixing=method)
    assert torch.equal(kept, shares)
    assert 0.05 < (erased != mixed).float().mean() < 0.3  # erasing comes after mixing
