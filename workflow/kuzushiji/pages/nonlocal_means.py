"""Non-local means (Buades et al. 2005) as OpenCV computes it, byte for byte, on a CPU by numba or on a GPU by PyTorch.

OpenCV's `fastNlMeansDenoisingColored` is integer arithmetic on 8-bit Lab: L for itself, a and b together. A pixel
becomes the mean of those in the search window around it, weighted by how alike the template windows around both are:
a table gives the weight for the sum of their squared differences. Nothing is rounded on the way, so the order of the
sums does not count, and both engines give OpenCV's bytes.
"""

import math
from collections.abc import Callable
from functools import cache

import cv2
import numba
import numpy as np

ENGINES = ("numba", "torch")
# Height and width. numba: the column sums of all shifts of a row stay in the cache, and margins cost little. PyTorch:
# 21 shifts at once fill a GPU, with about 200 MB.
TILES = {"numba": (64, 384), "torch": (512, 512)}
LARGEST = 2**31 - 1  # OpenCV's sums are 32-bit integers
NEGLIGIBLE = 0.001  # smaller weights are 0


def denoise_colored(
    image: np.ndarray, strength: float, color_strength: float, template: int, search: int, engine: str
) -> np.ndarray:
    """What `cv2.fastNlMeansDenoisingColored` gives for BGR `image`, uint8, (height, width, 3).

    The strengths are those for L and for a and b, `template` and `search` the sides of the windows in pixels; an even
    side counts as the next odd one. `engine` is one of `ENGINES`; PyTorch's runs on CUDA where there is one. Besides
    copies of the image, memory does not grow with it. Raises `ValueError` for another engine.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine: unknown {engine}; choose {' or '.join(ENGINES)}")
    template_half, search_half = template // 2, search // 2
    denoise_tile = {"numba": _numba_tile, "torch": _torch_tile}[engine](template_half, search_half)
    lab = cv2.cvtColor(image, cv2.COLOR_LBGR2LAB)
    denoised = np.empty_like(lab)
    border = template_half + search_half
    height, width = lab.shape[:2]
    rows, columns = (np.pad(np.arange(side), border, mode="reflect") for side in (height, width))
    groups = [(slice(0, 1), strength), (slice(1, 3), color_strength)]
    tables = [weight_table(h, part.stop - part.start, template_half, search_half) for part, h in groups]
    tile_height, tile_width = TILES[engine]
    for top in range(0, height, tile_height):
        for left in range(0, width, tile_width):
            bottom, right = min(top + tile_height, height), min(left + tile_width, width)
            around = np.ix_(rows[top : bottom + 2 * border], columns[left : right + 2 * border])
            planes = np.ascontiguousarray(lab[around].transpose(2, 0, 1))
            for (part, _), table in zip(groups, tables, strict=True):
                tile = denoise_tile(planes[part], table)
                denoised[top:bottom, left:right, part] = tile.transpose(1, 2, 0)
    return cv2.cvtColor(denoised, cv2.COLOR_LAB2LBGR, dst=lab)


@cache
def weight_table(strength: float, channels: int, template_half: int, search_half: int) -> np.ndarray:
    """The weights of template windows by the sum of their squared differences, shifted right by `_shift`; int32.

    The last weight is that of all larger sums too. Weights are so large that a weighted sum just fits 32 bits.
    """
    template, search = 2 * template_half + 1, 2 * search_half + 1
    unit = LARGEST // (search * search * 255)
    # OpenCV shifts in place of dividing by the pixels of a window, and mends the scale here.
    scale = 2 ** _shift(template_half) / template**2
    squared = float(np.float32(strength) * np.float32(strength) * np.float32(channels))  # as OpenCV rounds it
    weights = []
    for distance in range(int(255 * 255 * channels / scale + 1)):
        weight = round(unit * math.exp(-distance * scale / squared)) if squared else unit * (not distance)
        if weight < NEGLIGIBLE * unit:
            return np.array([*weights, 0], np.int32)  # weights fall
        weights.append(weight)
    return np.array(weights, np.int32)


def _shift(template_half: int) -> int:
    """The binary logarithm of a template window's pixels, rounded up."""
    return ((2 * template_half + 1) ** 2 - 1).bit_length()


def _compiled(function: Callable) -> Callable:
    """Compiled for this CPU once, and kept beside this file; other threads run meanwhile."""
    return numba.njit(nogil=True, error_model="numpy", cache=True)(function)


def _numba_tile(template_half: int, search_half: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function that denoises one tile by numba.

    It takes planes, uint8, (channels, height, width) with a border of both windows' halves on all sides, and their
    table; it returns them denoised, without the border.
    """
    # Tuples, since the compiler knows their lengths.
    template, shift = (0,) * (2 * template_half + 1), (0,) * _shift(template_half)

    def denoise_tile(planes: np.ndarray, table: np.ndarray) -> np.ndarray:
        return _denoise_tile(planes, table, template, shift, search_half)

    return denoise_tile


# All sums are cast to 32 bits wherever they occur: numba would compute in 64, with half as many pixels at a time.


@_compiled
def _add_squares(columns, first, second):
    """Add a row's squared differences to the column sums."""
    for x in range(len(columns)):
        difference = np.int32(np.int32(first[x]) - np.int32(second[x]))
        columns[x] += np.int32(difference * difference)


@_compiled
def _slide(columns, first, second, first_above, second_above):
    """Add a row's squared differences to the column sums, and subtract those of the row that leaves the template."""
    for x in range(len(columns)):
        new = np.int32(np.int32(first[x]) - np.int32(second[x]))
        old = np.int32(np.int32(first_above[x]) - np.int32(second_above[x]))
        columns[x] += np.int32(np.int32(new - old) * np.int32(new + old))


@_compiled
def _add_weights(totals, weights):
    for x in range(len(totals)):
        totals[x] += weights[x]


@_compiled
def _add_weighted(sums, weights, values):
    for x in range(len(sums)):
        sums[x] += np.int32(weights[x] * np.int32(values[x]))


@_compiled
def _weigh(weights, places, columns, table, template, shift):
    """A row's weights by its column sums; `places` is for the time between."""
    last, bits = np.int32(len(table) - 1), np.int32(len(shift))
    # In two loops, since the first takes eight pixels at a time; unsigned, or an index below 0 would be looked for.
    for x in range(len(places)):
        distance = np.int32(0)
        for k in range(len(template)):
            distance = np.int32(distance + columns[x + k])
        places[x] = np.uint32(min(np.int32(distance >> bits), last))
    for x in range(len(places)):
        weights[x] = table[places[x]]


@_compiled
def _denoise_tile(planes, table, template, shift, search_half):
    """Every pair of pixels is weighed once, and counts for both: for p, and for q, `down` rows and `right` columns on.

    Row by row, all shifts to the right for one shift down, so that what is written stays in the first-level cache.
    """
    template_half = len(template) // 2
    border = template_half + search_half
    channels = planes.shape[0]
    height, width = planes.shape[1] - 2 * border, planes.shape[2] - 2 * border
    widest = width + search_half + 2 * template_half
    all_columns = np.empty((2 * search_half + 1, widest), np.int32)
    all_places, all_weights = np.empty(widest, np.uint32), np.empty(widest, np.int32)
    # Each pixel with itself.
    totals = np.full((height, width), table[0], np.int32)
    sums = np.empty((channels, height, width), np.int32)
    for channel in range(channels):
        for y in range(height):
            for x in range(width):
                sums[channel, y, x] = np.int32(table[0] * np.int32(planes[channel, border + y, border + x]))
    for down in range(search_half + 1):
        for y in range(-down, height):  # of p, which may lie above or beside the tile where q is in it
            for right in range(-search_half if down else 1, search_half + 1):
                margin = max(right, 0)
                count = width + abs(right)
                wide = count + 2 * template_half
                columns = all_columns[right + search_half, :wide]
                p = border - margin - template_half
                q = p + right
                if y == -down:
                    columns[:] = 0
                    for row in range(border + y - template_half, border + y + template_half + 1):
                        for channel in range(channels):
                            _add_squares(
                                columns, planes[channel, row, p : p + wide], planes[channel, row + down, q : q + wide]
                            )
                else:
                    enters, leaves = border + y + template_half, border + y - template_half - 1
                    for channel in range(channels):
                        _slide(
                            columns,
                            planes[channel, enters, p : p + wide],
                            planes[channel, enters + down, q : q + wide],
                            planes[channel, leaves, p : p + wide],
                            planes[channel, leaves + down, q : q + wide],
                        )
                weights = all_weights[:count]
                _weigh(weights, all_places[:count], columns, table, template, shift)
                if y >= 0:
                    of_p = weights[margin : margin + width]
                    _add_weights(totals[y], of_p)
                    for channel in range(channels):
                        values = planes[channel, border + y + down, border + right : border + right + width]
                        _add_weighted(sums[channel, y], of_p, values)
                if y + down < height:
                    of_q = weights[margin - right : margin - right + width]
                    _add_weights(totals[y + down], of_q)
                    for channel in range(channels):
                        values = planes[channel, border + y, border - right : border - right + width]
                        _add_weighted(sums[channel, y + down], of_q, values)
    denoised = np.empty((channels, height, width), np.uint8)
    for channel in range(channels):
        for y in range(height):
            for x in range(width):
                total = np.int64(totals[y, x])
                denoised[channel, y, x] = (np.int64(sums[channel, y, x]) + total // 2) // total
    return denoised


def _torch_tile(template_half: int, search_half: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """As `_numba_tile`, by PyTorch, on CUDA where there is one: all shifts to the right at once, and no pairs."""
    import torch  # which takes seconds, and is of no use to the other engine
    from torch.nn.functional import avg_pool2d

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    template, search, shift = 2 * template_half + 1, 2 * search_half + 1, _shift(template_half)

    def denoise_tile(planes: np.ndarray, table: np.ndarray) -> np.ndarray:
        # Sums of squares are integers, which floating-point numbers hold exactly up to here.
        exact = torch.float32 if template**2 * 255**2 * len(planes) < 2**24 else torch.float64
        weights_of = torch.from_numpy(table).to(device)
        values = torch.from_numpy(planes).to(device)  # (channels, height + 2 border, width + 2 border)
        wide = values.shape[2] - 2 * search_half  # with the template's border, as the pixels to be denoised
        high = values.shape[1] - 2 * search_half
        height, width = high - 2 * template_half, wide - 2 * template_half
        values, numbers = values.to(torch.int32), values.to(exact)
        middle = numbers[:, None, search_half : search_half + high, search_half : search_half + wide]
        totals = torch.zeros((height, width), dtype=torch.int32, device=device)
        sums = torch.zeros((len(planes), height, width), dtype=torch.int32, device=device)
        for down in range(search):
            # (channels, search, high, wide): views, which take no memory
            shifted = numbers[:, down : down + high].unfold(2, wide, 1).transpose(1, 2)
            squares = (shifted - middle).square_().sum(0)
            # (search, height, width)
            distances = avg_pool2d(
                avg_pool2d(squares, (template, 1), 1, divisor_override=1), (1, template), 1, divisor_override=1
            )
            places = (distances.to(torch.int32) >> shift).clamp_(max=len(table) - 1)
            weights = weights_of[places]
            totals += weights.sum(0, dtype=torch.int32)
            inner = values[
                :, down + template_half : down + template_half + height, template_half : -template_half or None
            ]
            for channel, plane in enumerate(inner):
                sums[channel] += (weights * plane.unfold(1, width, 1).transpose(0, 1)).sum(0, dtype=torch.int32)
        totals = totals.to(torch.int64)
        denoised = torch.div(sums + totals // 2, totals, rounding_mode="floor")
        return denoised.to(torch.uint8).cpu().numpy()

    return denoise_tile
