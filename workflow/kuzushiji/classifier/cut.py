"""Test-time crops of all boxes of a page at once, by PyTorch: for GPUs, since on a CPU Pillow is faster.

Equal to Pillow's of `classify.seven_crops` up to rounding: not one value in a thousand differs, by a level or two.
"""

from collections.abc import Iterator

import torch

_ELEMENTS = 2**24  # numbers of a batch of crops: bounds memory


def cut_views(page: torch.Tensor, crops: torch.Tensor, resize: int, size: int, names: list[str]) -> torch.Tensor:
    """The crops called `names`, uint8 (N, crops, channels, size, size), of the parts `crops` (N, 4) of a page.

    page: uint8 (channels, height, width). crops: whole pixels inside the page, left, top, right, bottom, on its device.
    Names and the sides `resize` and `size` are those of `seven_crops`.
    """
    channels = len(page)
    out = torch.empty(len(crops), len(names), channels, size, size, dtype=torch.uint8, device=page.device)
    margin = resize - size
    middle, quarter = round(margin / 2), round(margin / 4)
    corner = {
        "top_left": (0, 0),
        "top_right": (0, margin),
        "bottom_left": (margin, 0),
        "bottom_right": (margin, margin),
        "center": (middle, middle),
    }
    inset = {"shrunk_center": quarter, "whole": 0}
    for rows in _batches(crops, channels):
        squares = _squares(page, crops[rows], resize)  # (n, channels, resize, resize)
        for place, name in enumerate(names):
            if name in corner:
                top, left = corner[name]
                view = squares[:, :, top : top + size, left : left + size]
            else:
                near, far = inset[name], resize - inset[name]
                view = squares[:, :, near:far, near:far]
                weights = bicubic_weights(torch.tensor([far - near], device=page.device), size, far - near)
                view = _resized(view, weights, weights)
            out[rows, place] = view.to(torch.uint8)
    return out


def bicubic_weights(sides: torch.Tensor, out: int, most: int) -> torch.Tensor:
    """The weights (N, out, most) with which `out` pixels come from the first `sides` (N,) of `most` pixels.

    Pillow's: a cubic of slope -0.5, as wide as an output pixel where it shrinks.
    """
    scale = sides.double()[:, None, None] / out
    wide = scale.clamp(min=1)
    middle = (torch.arange(out, device=sides.device).double()[:, None] + 0.5) * scale  # (N, out, 1)
    first = (middle - 2 * wide + 0.5).floor().clamp(min=0)
    last = torch.minimum((middle + 2 * wide + 0.5).floor(), sides.double()[:, None, None])
    pixel = torch.arange(most, device=sides.device).double()
    x = ((pixel - middle + 0.5) / wide).abs()
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    weights = torch.where(x < 1, near, torch.where(x < 2, far, 0.0))
    weights = torch.where((pixel >= first) & (pixel < last), weights, 0.0)
    return (weights / weights.sum(2, keepdim=True)).float()


def _squares(page: torch.Tensor, crops: torch.Tensor, side: int) -> torch.Tensor:
    """The parts `crops` (N, 4) of the page, resized to squares (N, channels, side, side), whole numbers as float32."""
    width, height = (crops[:, 2:] - crops[:, :2]).T
    widest, highest = int(width.max()), int(height.max())
    columns = crops[:, 0, None] + torch.arange(widest, device=page.device)
    rows = crops[:, 1, None] + torch.arange(highest, device=page.device)
    # What lies beyond a crop weighs nothing.
    columns, rows = columns.clamp(max=page.shape[2] - 1), rows.clamp(max=page.shape[1] - 1)
    parts = page[:, rows[:, :, None], columns[:, None, :]].transpose(0, 1).float()
    across, down = bicubic_weights(width, side, widest), bicubic_weights(height, side, highest)
    # As Pillow 13 does, which its results show: tall images first lose height.
    tall = (height > side) & (height + side > 2 * width)
    squares = parts.new_empty(len(crops), len(page), side, side)
    squares[~tall] = _resized(parts[~tall], across[~tall], down[~tall])
    turned = _resized(parts[tall].transpose(2, 3), down[tall], across[tall])
    squares[tall] = turned.transpose(2, 3)
    return squares


def _resized(parts: torch.Tensor, across: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    """Images (N, channels, height, width) by weights along the rows, then along the columns, each time rounded."""
    found = (parts @ across.transpose(1, 2)[:, None] + 0.5).floor().clamp(0, 255)
    return (down[:, None] @ found + 0.5).floor().clamp(0, 255)


def _batches(crops: torch.Tensor, channels: int) -> Iterator[torch.Tensor]:
    """Places of crops of like size, so many that they fit in memory together."""
    sides = (crops[:, 2:] - crops[:, :2]).amax(1)
    order = sides.argsort()
    start, ascending = 0, sides[order].tolist()
    for stop in range(1, len(ascending) + 1):
        if stop == len(ascending) or (stop + 1 - start) * channels * ascending[stop] ** 2 > _ELEMENTS:
            yield order[start:stop]
            start = stop
