"""The random transforms of training crops, for a whole batch at once on the network's device.

The draws are those of `transforms`, and so are the results, apart from rounding and from shifts of hue. Worker
processes then only decode and fit the crops, which leaves them ahead of a fast GPU.
"""

import numpy as np
import torch
import torch.nn.functional as F

from kuzushiji.classifier.transforms import JITTERS, NEUTRAL, Draws
from kuzushiji.common.compute import sent


def transform_batch(squares: torch.Tensor, draws: Draws, aspects: np.ndarray, settings: dict) -> torch.Tensor:
    """Transformed crops, uint8 (N, input_size, input_size, channels), as `transforms.transform` makes them.

    `squares` are the fitted crops, uint8 (N, side, side, channels) with the side of training, on any device, where the
    result is too; `aspects` (N,) are height over width of the crops before, which matter where the aspect is not kept.
    """
    side, size = settings["resize"][0], settings["input_size"]
    fill = NEUTRAL if settings["letterbox"] else 0
    images = squares.permute(0, 3, 1, 2).float()
    aspects = np.ones(len(images)) if settings["letterbox"] else aspects
    warps = warp_matrices(draws["angle"], draws["part"], aspects, side, size)
    if "shear" in draws:
        warps = _sheared(warps, draws["shear"], size)
    warps = _on(warps, images)[..., None, None]
    steps = torch.arange(size, device=images.device, dtype=torch.float32)
    columns, rows = steps.expand(len(images), size, size), steps[:, None].expand(len(images), size, size)
    if "elastic" in draws:
        shifts = F.interpolate(_on(draws["elastic"], images), (size, size), mode="bicubic")
        columns, rows = columns + shifts[:, 0], rows + shifts[:, 1]
    points = warps[:, :, 0] * columns[:, None] + warps[:, :, 1] * rows[:, None] + warps[:, :, 2]  # (N, 2, size, size)
    grid = ((2 * points + 1) / side - 1).permute(0, 2, 3, 1)
    mode = "bilinear" if "elastic" in draws else "bicubic"
    images = _levels(F.grid_sample(images - fill, grid, mode, "zeros", align_corners=False) + fill)
    if "stroke" in draws:
        images = _restroked(images, draws["stroke"])
    images = _jittered(images, draws["order"], draws["factors"])
    if images.shape[1] == 3 and draws["gray"].any():
        images = torch.where(_on(draws["gray"], images)[:, None, None, None] > 0, _gray(images), images)
    return images.to(torch.uint8).permute(0, 2, 3, 1)


def warp_matrices(angles: np.ndarray, parts: np.ndarray, aspects: np.ndarray, side: int, size: int) -> np.ndarray:
    """`transforms.warp_matrix` of N crops: (N, 2, 3) for angles (N,) in degrees, parts (N, 4) and aspects (N,)."""
    radians = np.deg2rad(angles)
    turn = np.empty((len(angles), 2, 2))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(radians)
    turn[:, 0, 1], turn[:, 1, 0] = -np.sin(radians) * aspects, np.sin(radians) / aspects
    origin, extent = parts[:, :2], parts[:, 2:]
    center = 0.5 * extent / size + origin - side / 2
    shift = (turn @ center[:, :, None])[:, :, 0] + side / 2 - 0.5
    return np.concatenate([turn * (extent / size)[:, None], shift[:, :, None]], axis=2)


def _sheared(warps: np.ndarray, shears: np.ndarray, size: int) -> np.ndarray:
    slants = np.tile(np.eye(3), (len(warps), 1, 1))
    slants[:, 0, 1], slants[:, 0, 2] = shears, -shears * (size - 1) / 2
    return warps @ slants


def _on(values: np.ndarray, images: torch.Tensor) -> torch.Tensor:
    return sent(torch.from_numpy(np.ascontiguousarray(values, np.float32)), images.device)


def _levels(images: torch.Tensor) -> torch.Tensor:
    """Values as uint8 would hold them."""
    return images.round().clamp(0, 255)


def _restroked(images: torch.Tensor, amounts: np.ndarray) -> torch.Tensor:
    amounts = _on(amounts, images)[:, None, None, None]
    signed = torch.where(amounts > 0, -images, images)  # the darkest neighbor, or the lightest
    cross = torch.maximum(F.max_pool2d(signed, (3, 1), 1, (1, 0)), F.max_pool2d(signed, (1, 3), 1, (0, 1)))
    other = torch.where(amounts > 0, -cross, cross)
    return _levels(images + (other - images) * amounts.abs())


def _jittered(images: torch.Tensor, orders: np.ndarray, factors: np.ndarray) -> torch.Tensor:
    """torchvision's color jitter, for each image in its own order with its own factors."""
    colored = images.shape[1] == 3
    for place in range(len(JITTERS)):
        for number, name in enumerate(JITTERS[: None if colored else 2]):
            chosen = np.flatnonzero((orders[:, place] == number) & (factors[:, number] != (name != "hue")))
            if not len(chosen):
                continue
            rows = sent(torch.from_numpy(chosen), images.device)
            factor = _on(factors[chosen, number], images)[:, None, None, None]
            images[rows] = _adjusted(images[rows], name, factor)
    return images


def _adjusted(images: torch.Tensor, name: str, factor: torch.Tensor) -> torch.Tensor:
    if name == "brightness":
        return _levels(images * factor)
    if name == "contrast":
        mean = (_gray(images) if images.shape[1] == 3 else images).mean((1, 2, 3), keepdim=True).round()
        return _levels(images * factor + mean * (1 - factor))
    if name == "saturation":
        return _levels(images * factor + _gray(images) * (1 - factor))
    return _levels(_turned(images, factor[:, 0]))


def _turned(images: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    """RGB images with hues shifted by `shifts` (N, 1, 1) turns; torchvision's takes one shift for all images."""
    red, green, blue = images.unbind(1)
    value, chroma = images.amax(1), images.amax(1) - images.amin(1)
    divisor = chroma.clamp(min=1)  # of whole levels
    sixths = torch.where(value == green, (blue - red) / divisor + 2, (red - green) / divisor + 4)
    sixths = torch.where(value == red, (green - blue) / divisor, sixths) + 6 * shifts
    channels = torch.stack([(sixths + offset) % 6 for offset in (5, 3, 1)], dim=1)
    return value[:, None] - chroma[:, None] * torch.minimum(channels, 4 - channels).clamp(0, 1)


def _gray(images: torch.Tensor) -> torch.Tensor:
    weights = images.new_tensor([0.299, 0.587, 0.114])[:, None, None]
    return _levels((images * weights).sum(1, keepdim=True))
