"""Random transforms of single training crops, drawn per batch and applied crop by crop on the CPU.

torchvision's transforms draw one set of parameters for all images of a batch, and would have to be called for each
crop. Here all parameters are drawn at once, and OpenCV applies them, several times as fast as Pillow.
"""

from collections.abc import Iterator

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

Draws = dict[str, np.ndarray]
ATTEMPTS = 10  # to draw a part that fits, as in torchvision's RandomResizedCrop
JITTERS = ("brightness", "contrast", "saturation", "hue")
NEUTRAL = 128  # the gray of empty paper after the contrast step
_GRID = 5  # points a side of the elastic field
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def draw(settings: dict, count: int, rng: np.random.Generator) -> Draws:
    """The random parameters of `count` crops, each an array of that length; `settings` has a classifier's keys.

    `angle` in degrees. `part` (N, 4): left, top, width and height of the part of the resized square that is kept, in
    pixels, as torchvision's RandomResizedCrop draws them: a share of the area from `crop_scale` and an aspect from
    `crop_ratio`, drawn again if it does not fit, and the whole square after ten attempts. `order` (N, 4) and `factors`
    (N, 4) of the color jitter, as in torchvision's ColorJitter. `gray`: whether color is removed. `shear`: horizontal
    over vertical pixels. `elastic` (N, 2, 5, 5): a coarse field of shifts in pixels. `stroke`: from -1, strokes one
    pixel thinner, to 1, one pixel thicker.
    """
    side, spread = settings["resize"][0], np.array([settings["jitter"][name] for name in JITTERS])
    area = rng.uniform(*settings["crop_scale"], (count, ATTEMPTS)) * side**2
    aspect = np.exp(rng.uniform(*np.log(settings["crop_ratio"]), (count, ATTEMPTS)))
    sizes = np.rint(np.sqrt(np.stack([area * aspect, area / aspect], axis=2)))  # (N, attempts, width and height)
    fits = ((sizes > 0) & (sizes <= side)).all(axis=2)
    chosen = sizes[np.arange(count), fits.argmax(axis=1)]
    chosen = np.where(fits.any(axis=1)[:, None], chosen, side)
    origin = np.floor(rng.random((count, 2)) * (side - chosen + 1))
    lowest = np.array([*np.maximum(1 - spread[:3], 0), -spread[3]])
    highest = np.array([*(1 + spread[:3]), spread[3]])
    return {
        "angle": rng.uniform(-settings["rotation"], settings["rotation"], count),
        "part": np.hstack([origin, chosen]),
        "order": rng.permuted(np.tile(np.arange(len(JITTERS)), (count, 1)), axis=1),
        "factors": rng.uniform(lowest, highest, (count, len(JITTERS))),
        "gray": rng.random(count) < settings["grayscale"],
        **_handwriting(settings, count, rng),
    }


def _handwriting(settings: dict, count: int, rng: np.random.Generator) -> Draws:
    """What varies from hand to hand; nothing is drawn for what is zero, so that older settings draw as before."""
    found = {}
    if settings["shear"]:
        found["shear"] = rng.uniform(-settings["shear"], settings["shear"], count)
    if settings["elastic"]:
        found["elastic"] = rng.normal(0, settings["elastic"], (count, 2, _GRID, _GRID)).astype(np.float32)
    if settings["stroke"]:
        found["stroke"] = rng.uniform(-settings["stroke"], settings["stroke"], count)
    return found


def share(draws: Draws, rows: slice) -> Draws:
    """The parameters of some of the crops."""
    return {name: values[rows] for name, values in draws.items()}


def decode(encoded: np.ndarray, channels: str) -> np.ndarray | None:
    """The pixels (height, width, 1 or 3) of an encoded crop, given as uint8 bytes; None if it is not an image."""
    image = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
    if image is None or channels == "rgb":
        return image
    if channels == "red":  # in which red seals are as light as paper; denoised pages hold red and blue exchanged
        return image[:, :, 2:]
    # Pillow's gray, as at test: some of OpenCV's values differ by one.
    return np.array(Image.fromarray(image).convert("L"))[:, :, None]


def square(image: np.ndarray, side: int) -> np.ndarray:
    """A crop (height, width, channels) resized to (side, side, channels); its aspect is not kept.

    Bicubic and antialiased, equal to Pillow's up to rounding; torch's kernel is several times as fast.
    """
    batch = torch.from_numpy(image).permute(2, 0, 1)[None]
    resized = F.interpolate(batch, (side, side), mode="bicubic", antialias=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def letterbox(image: np.ndarray, side: int) -> np.ndarray:
    """A crop (height, width, channels) in the middle of (side, side, channels), its aspect kept, on neutral gray."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    resized = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    out = np.full((side, side, image.shape[2]), NEUTRAL, np.uint8)
    out[top : top + size[1], left : left + size[0]] = resized.reshape(size[1], size[0], -1)
    return out


def center(image: np.ndarray, size: int) -> np.ndarray:
    """The `size` pixels square in the middle of a square (side, side, channels)."""
    start = round((len(image) - size) / 2)
    return image[start : start + size, start : start + size]


def transform(images: Iterator[np.ndarray], draws: Draws, settings: dict, out: np.ndarray) -> None:
    """Write the transformed crops to `out`, (N, input_size, input_size, channels) uint8.

    Each of `images`, (height, width, channels) uint8, is resized to a square, then rotated and cut in one bicubic warp,
    black outside the crop; then its colors are jittered. Saturation and hue do not change gray crops. With `letterbox`
    the aspect stays and what is outside is neutral gray. Elastic distortion follows Simard et al. (2003).
    """
    side, size = settings["resize"][0], settings["input_size"]
    fit, fill = (letterbox, NEUTRAL) if settings["letterbox"] else (square, 0)
    for place, image in enumerate(images):
        fitted = fit(image, side)
        shape = fitted.shape if settings["letterbox"] else image.shape
        warp = warp_matrix(draws["angle"][place], draws["part"][place], shape, side, size)
        if "shear" in draws:
            warp = _sheared(warp, draws["shear"][place], size)
        if "elastic" in draws:
            warped = _elastic(fitted, warp, draws["elastic"][place], size, fill)
        else:
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            warped = cv2.warpAffine(fitted, warp, (size, size), flags=flags, borderValue=[fill] * 3)
        if "stroke" in draws:
            warped = _restroke(warped, draws["stroke"][place])
        warped = jitter(warped, draws["order"][place].tolist(), draws["factors"][place].tolist())
        if draws["gray"][place] and warped.ndim == 3:
            warped = _gray(warped)[:, :, None]
        out[place] = warped.reshape(size, size, -1)


def warp_matrix(angle: float, part: np.ndarray, shape: tuple, side: int, size: int) -> np.ndarray:
    """The affine map (2, 3) from pixels of the result (`size` square) to those of the crop resized to `side` square.

    The rotation by `angle` degrees, counter-clockwise, is around the crop's center in its original pixels, with `shape`
    (height, width, …); in the square it therefore shears too.
    """
    radians = np.deg2rad(angle)
    aspect = shape[0] / shape[1]
    turn = np.array([[np.cos(radians), -np.sin(radians) * aspect], [np.sin(radians) / aspect, np.cos(radians)]])
    origin, extent = part[:2], part[2:]
    # Pixel centers are at halves: (pixel + 0.5) * extent / size + origin is rotated around side / 2.
    shift = turn @ (0.5 * extent / size + origin - side / 2) + side / 2 - 0.5
    return np.column_stack([turn * (extent / size), shift])


def _sheared(warp: np.ndarray, shear: float, size: int) -> np.ndarray:
    """The map `warp` (2, 3) after a shear around the middle of the result."""
    slant = np.array([[1, shear, -shear * (size - 1) / 2], [0, 1, 0], [0, 0, 1]])
    return warp @ slant


def _elastic(image: np.ndarray, warp: np.ndarray, field: np.ndarray, size: int, fill: int) -> np.ndarray:
    """`image` through `warp` (2, 3), with the shifts of a coarse `field` (2, points, points) in the result's pixels."""
    xs, ys = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32))
    xs, ys = (
        axis + cv2.resize(shift, (size, size), interpolation=cv2.INTER_CUBIC)
        for axis, shift in zip((xs, ys), field, strict=True)
    )
    maps = (row[0] * xs + row[1] * ys + row[2] for row in warp.astype(np.float32))
    return cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=[fill] * 3)


def _restroke(image: np.ndarray, amount: float) -> np.ndarray:
    """Dark strokes one pixel thicker (`amount` 1) or thinner (-1), or something between."""
    other = cv2.erode(image, _CROSS) if amount > 0 else cv2.dilate(image, _CROSS)
    return cv2.addWeighted(image, 1 - abs(amount), other, abs(amount), 0)


def jitter(image: np.ndarray, order: list[int], factors: list[float]) -> np.ndarray:
    """torchvision's color jitter of one image, (height, width) or (height, width, 3) uint8: JITTERS in this `order`.

    The factors of brightness, contrast and saturation are shares of the original; that of hue is a shift in turns.
    """
    colored = image.ndim == 3
    for place in order:
        factor = factors[place]
        if JITTERS[place] == "brightness" and factor != 1:
            image = cv2.addWeighted(image, factor, image, 0, 0)
        elif JITTERS[place] == "contrast" and factor != 1:
            mean = np.rint((_gray(image) if colored else image).mean())
            image = cv2.addWeighted(image, factor, image, 0, (1 - factor) * mean)
        elif JITTERS[place] == "saturation" and factor != 1 and colored:
            image = cv2.addWeighted(image, factor, cv2.merge([_gray(image)] * 3), 1 - factor, 0)
        elif JITTERS[place] == "hue" and factor != 0 and colored:
            hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
            hsv[:, :, 0] += np.uint8(round(factor * 256) % 256)  # wraps around
            image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL)
    return image


def _gray(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
