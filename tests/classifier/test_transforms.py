import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms.v2 import functional

from kuzushiji.classifier.transforms import (
    NEUTRAL,
    _restroke,
    center,
    decode,
    draw,
    jitter,
    letterbox,
    share,
    square,
    transform,
    warp_matrix,
)

SETTINGS = {
    "resize": [124, 120],
    "input_size": 112,
    "rotation": 3,
    "crop_scale": [0.85, 0.90],
    "crop_ratio": [0.875, 1.1429],
    "jitter": {"brightness": 0.1, "contrast": 0.2, "saturation": 0.25, "hue": 0.05},
    "grayscale": 0.2,
    "letterbox": False,
    "shear": 0,
    "elastic": 0,
    "stroke": 0,
}
NAMES = ["brightness", "contrast", "saturation", "hue"]
STILL = {"angle": np.zeros(1), "order": np.arange(4)[None], "factors": np.array([[1.0, 1, 1, 0]]), "gray": [False]}


def smooth(height, width, seed=0):
    """A colorful image without hard edges, (height, width, 3) uint8."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)


@given(
    st.integers(8, 250),
    st.tuples(st.floats(0.1, 1), st.floats(0.1, 1)).map(sorted),
    st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)).map(sorted),
    st.integers(0, 99),
)
def test_every_draw_keeps_to_its_bounds(side, scale, ratio, seed):
    settings = {**SETTINGS, "resize": [side, side], "crop_scale": scale, "crop_ratio": ratio}
    draws = draw(settings, 40, np.random.default_rng(seed))
    assert (np.abs(draws["angle"]) <= 3).all()
    left, top, width, height = draws["part"].T
    assert (left >= 0).all() and (top >= 0).all() and (left + width <= side).all() and (top + height <= side).all()
    whole = (width == side) & (height == side)  # also where nothing fits
    # Sides are rounded to pixels.
    assert (whole | ((width + 0.5) * (height + 0.5) >= scale[0] * side**2)).all()
    assert (whole | ((width - 0.5) * (height - 0.5) <= scale[1] * side**2)).all()
    assert (whole | ((width + 0.5) / (height - 0.5) >= ratio[0])).all()
    assert (whole | ((width - 0.5) / (height + 0.5) <= ratio[1])).all()
    assert (np.sort(draws["order"], axis=1) == np.arange(4)).all()
    for name, low, high in (("brightness", 0.9, 1.1), ("contrast", 0.8, 1.2), ("saturation", 0.75, 1.25)):
        factor = draws["factors"][:, NAMES.index(name)]
        assert (factor >= low).all() and (factor <= high).all()
    assert (np.abs(draws["factors"][:, 3]) <= 0.05).all()


def test_parts_are_spread_as_those_of_torchvision():
    draws = draw(SETTINGS, 4000, np.random.default_rng(0))
    torch.manual_seed(0)
    image = torch.empty(1, 124, 124)
    theirs = np.array([RandomResizedCrop.get_params(image, [0.85, 0.90], [0.875, 1.1429]) for _ in range(4000)])
    theirs = theirs[:, [1, 0, 3, 2]]  # theirs are top, left, height, width
    for statistic in (np.mean, np.std):
        np.testing.assert_allclose(statistic(draws["part"], axis=0), statistic(theirs, axis=0), atol=0.2)
    assert abs(draws["gray"].mean() - 0.2) < 0.03
    assert abs(draws["angle"].std() - 6 / 12**0.5) < 0.05


def test_a_still_crop_of_everything_is_the_resized_square():
    image = smooth(90, 40)
    draws = {**STILL, "part": np.array([[0.0, 0, 112, 112]])}
    out = np.empty((1, 112, 112, 3), np.uint8)
    transform(iter([image]), draws, {**SETTINGS, "resize": [112, 0]}, out)
    np.testing.assert_array_equal(out[0], square(image, 112))


def test_the_square_is_that_of_pillow():
    for height, width in ((90, 40), (200, 300)):
        image = smooth(height, width)
        expected = np.asarray(Image.fromarray(image).resize((120, 120), Image.Resampling.BICUBIC), int)
        assert np.abs(square(image, 120) - expected).max() <= 2
    gray = square(smooth(90, 40)[:, :, :1], 60)
    assert gray.shape == (60, 60, 1) and gray.flags.c_contiguous


@pytest.mark.parametrize("shape", [(60, 60), (90, 45), (50, 120)])
@pytest.mark.parametrize("angle", [-5.0, 3.0, 20.0])
def test_rotation_is_that_of_the_crop_before_it_is_squeezed(shape, angle):
    image = smooth(*shape)
    rotated = Image.fromarray(image).rotate(angle, Image.Resampling.BICUBIC)
    expected = np.asarray(rotated.resize((100, 100), Image.Resampling.BICUBIC), int)
    out = np.empty((1, 100, 100, 3), np.uint8)
    draws = {**STILL, "angle": np.array([angle]), "part": np.array([[0.0, 0, 100, 100]])}
    transform(iter([image]), draws, {"resize": [100, 0], "input_size": 100, "letterbox": False}, out)
    difference = np.abs(out[0] - expected)
    assert np.median(difference) <= 1  # edges against the black outside differ more
    assert (difference > 12).mean() < 0.06
    turned_back = np.abs(np.asarray(Image.fromarray(image).resize((100, 100))) - out[0].astype(int))
    assert np.median(turned_back) > np.median(difference)


def test_the_part_is_what_is_kept():
    matrix = warp_matrix(0.0, np.array([10.0, 20, 50, 40]), (80, 60), 100, 25)
    corners = np.array([[-0.5, -0.5, 1], [24.5, 24.5, 1]])  # of the result, in pixels whose centers are integers
    np.testing.assert_allclose(corners @ matrix.T, [[9.5, 19.5], [59.5, 59.5]])


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("share_of_spread", [-1.0, 0.4, 1.0])
def test_jitter_is_that_of_torchvision(place, share_of_spread):
    factor = share_of_spread * 0.125 if place == 3 else 1 + share_of_spread * 0.25
    image = smooth(60, 50)
    exact = torch.from_numpy(image).permute(2, 0, 1).float() / 255
    expected = getattr(functional, f"adjust_{NAMES[place]}")(exact, factor).permute(1, 2, 0).numpy() * 255
    factors = [1.0, 1.0, 1.0, 0.0]
    factors[place] = factor
    difference = np.abs(jitter(image, [0, 1, 2, 3], factors) - expected)
    # Hues are whole numbers of 256, so that strong colors come out a few levels off; Pillow's do, too.
    assert difference.max() <= (12 if place == 3 else 2)
    assert difference.mean() < 1


def test_jitter_keeps_its_order_and_leaves_the_color_of_gray_crops():
    image = smooth(30, 30)
    factors = [1.25, 0.5, 1.0, 0.0]
    assert not np.array_equal(jitter(image, [0, 1, 2, 3], factors), jitter(image, [1, 0, 2, 3], factors))
    gray = image[:, :, 0].copy()
    np.testing.assert_array_equal(jitter(gray, [0, 1, 2, 3], [1, 1, 0.5, 0.1]), gray)


def test_grayscale_takes_the_color_of_the_crops_that_are_drawn():
    draws = draw({**SETTINGS, "grayscale": 0.5}, 20, np.random.default_rng(0))
    out = np.empty((20, 112, 112, 3), np.uint8)
    transform((smooth(40, 30, seed) for seed in range(20)), draws, SETTINGS, out)
    colorless = (out == out[..., :1]).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(colorless, draws["gray"])
    assert 0 < colorless.sum() < 20


def test_a_share_of_the_draws_distorts_its_crops_as_all_do():
    draws = draw(SETTINGS, 6, np.random.default_rng(0))
    images = [smooth(40, 30, seed) for seed in range(6)]
    whole, part = np.empty((6, 112, 112, 3), np.uint8), np.empty((2, 112, 112, 3), np.uint8)
    transform(iter(images), draws, SETTINGS, whole)
    transform(iter(images[2:4]), share(draws, slice(2, 4)), SETTINGS, part)
    np.testing.assert_array_equal(part, whole[2:4])


def test_decoding():
    image = smooth(20, 30)
    encoded = cv2.imencode(".png", image[:, :, ::-1])[1]
    np.testing.assert_array_equal(decode(encoded, "rgb"), image)
    np.testing.assert_array_equal(decode(encoded, "gray")[:, :, 0], np.asarray(Image.fromarray(image).convert("L")))
    assert decode(np.zeros(9, np.uint8), "gray") is None


@pytest.mark.parametrize(("side", "size"), [(34, 32), (120, 112), (35, 32), (200, 190)])
def test_the_center_is_that_of_the_test_time_crop(side, size):
    image = smooth(side, side)
    expected = functional.center_crop(Image.fromarray(image), [size, size])
    np.testing.assert_array_equal(center(image, size), np.asarray(expected))


HANDWRITING = {"shear": 0.2, "elastic": 1.0, "stroke": 0.8}


@pytest.mark.parametrize("key", HANDWRITING)
def test_handwriting_is_drawn_only_if_asked_for(key):
    plain = SETTINGS
    without, with_it = (draw(each, 4, np.random.default_rng(0)) for each in (plain, plain | {key: HANDWRITING[key]}))
    assert key not in without and len(with_it[key]) == 4
    for name, values in without.items():
        assert np.array_equal(values, with_it[name])


def test_stroke_thickens_and_thins_dark_lines():
    page = np.full((40, 40, 1), 255, np.uint8)
    page[:, 18:22] = 0
    dark = [int((_restroke(page, amount) < 128).sum()) for amount in (-1.0, 0.0, 1.0)]
    assert dark == [40 * 2, 40 * 4, 40 * 6]


def test_a_letterbox_keeps_the_aspect():
    tall = np.zeros((60, 20, 1), np.uint8)
    box = letterbox(tall, 30)
    assert box.shape == (30, 30, 1)
    assert (box[:, 10:20] == 0).all()
    assert (box[:, :10] == NEUTRAL).all() and (box[:, 20:] == NEUTRAL).all()


@pytest.mark.parametrize("shape", [(1, 1, 1), (200, 3, 1), (3, 200, 3)])
def test_a_letterbox_takes_any_shape(shape):
    assert letterbox(np.zeros(shape, np.uint8), 16).shape == (16, 16, shape[2])


def test_transforms_of_a_letterbox_leave_neutral_gray_outside():
    settings = SETTINGS | HANDWRITING | {"letterbox": True, "jitter": dict.fromkeys(NAMES, 0)}
    out = np.empty((8, settings["input_size"], settings["input_size"], 1), np.uint8)
    transform(
        iter([np.full((50, 10, 1), NEUTRAL, np.uint8)] * 8), draw(settings, 8, np.random.default_rng(0)), settings, out
    )
    assert (np.abs(out.astype(int) - NEUTRAL) <= 1).all()
