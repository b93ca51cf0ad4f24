"""The page without its writing: aged paper on a scanner's bed, writing that shows through, printed lines, seals.

Lengths are pixels of the page image; `homography` maps the layout (the flat page) to the image.
"""

from pathlib import Path

import cv2
import numpy as np
from PIL import ImageColor

from kuzushiji.common import fonts
from kuzushiji.synthetic.brush import draw_dots, smooth_noise


def color(name: str) -> np.ndarray:
    """RGB of a color that Pillow knows, such as `#efdfb0`: float32, 0 to 255. Raises `ValueError` if it does not."""
    return np.array(ImageColor.getrgb(name)[:3], dtype=np.float32)


def draw_paper(
    rng: np.random.Generator, shape: tuple[int, int], paper: str, background: str, outer: int, age: float, homography
) -> np.ndarray:
    """A blank page: float32 RGB of `shape` (height, width).

    On the page's outer side (`outer`: -1 left, 1 right) are the edges of the leaves below and then the `background`; on
    the other side the neighboring page begins behind the gutter. `age` is 0 for clean paper, 1 for stained.
    """
    height, width = shape
    image = _texture(rng, shape, color(paper), age)
    left, top = (float(share) * width for share in rng.uniform(0.012, 0.035, 2))
    bottom = height - rng.uniform(0.008, 0.03) * width
    edge = left if outer < 0 else width - left
    gutter = width - rng.uniform(0.02, 0.05) * width if outer < 0 else rng.uniform(0.02, 0.05) * width
    # Layout coordinates of every pixel, so that the leaf's edges are parallel to its print.
    ys, xs = np.ogrid[:height, :width]
    back = np.linalg.inv(homography)
    u, v, w = ((row[0] * xs + row[1] * ys + row[2]).astype(np.float32) for row in back)
    u, v = u / w, v / w
    wave = smooth_noise(rng, shape, width / 6) * np.float32(width * 0.0012)
    inward = (u - edge) * -outer + wave  # from the leaf's outer edge
    from_gutter = np.abs(u - gutter)
    shade = 0.35 * np.exp(-from_gutter / (0.012 * width)) + 0.10 * np.exp(-from_gutter / (0.06 * width))
    image *= 1 - shade[..., None]
    ends = np.minimum(v - top, bottom - v) + wave
    near = np.minimum(inward, ends)
    brown = np.exp(-np.maximum(near, 0) / (0.02 * width)) * (0.10 + 0.15 * age)
    image *= 1 - brown[..., None] * np.array([0.5, 0.8, 1.2], dtype=np.float32)
    # Leaves below: thin lines beyond the edge, then the bed.
    leaves = rng.uniform(0.3, 0.8) * left
    lines = 0.72 + 0.18 * np.sin(inward / (0.0022 * width) + smooth_noise(rng, shape, width / 3))
    stack = (inward < 0)[..., None]
    image = np.where(stack, image * lines[..., None], image)
    bed = color(background) + 3 * smooth_noise(rng, shape, width / 5)[..., None]
    bed += 2 * rng.standard_normal((*shape, 1), dtype=np.float32)
    shadow = 1 - 0.5 * np.exp(-np.maximum(-inward - leaves, 0) / (0.01 * width))
    outside = np.clip(np.maximum(-inward - leaves, -ends) + 0.5, 0, 1)[..., None]
    return image * (1 - outside) + bed * shadow[..., None] * outside


def show_through(rng: np.random.Generator, image: np.ndarray, ink: np.ndarray, strength: float) -> None:
    """Draw the `ink` of the back (float32, 0 to 1, as seen from behind) as it shows through the paper, in place."""
    width = ink.shape[1]
    seen = cv2.GaussianBlur(ink, (0, 0), width * 0.004)
    seen *= np.clip(0.8 + 0.5 * smooth_noise(rng, ink.shape, width / 4), 0, 1.4) * strength
    image *= 1 - seen[..., None] * np.array([1.0, 0.9, 0.75], dtype=np.float32)


def draw_lines(
    rng: np.random.Generator, ink: np.ndarray, segments: list[tuple], width: float, homography: np.ndarray
) -> None:
    """Draw worn straight lines on the ink layer, in place; `segments` are (x0, y0, x1, y1) of the layout."""
    for segment in segments:
        ends = cv2.perspectiveTransform(np.array(segment, dtype=float).reshape(1, 2, 2), homography)[0]
        count = max(int(np.abs(ends[1] - ends[0]).max() / max(width * 0.6, 0.8)), 2)
        points = np.linspace(ends[0], ends[1], count)
        wobble = np.convolve(rng.normal(0, 1, count + 8), np.full(9, 1 / 9), "valid")
        radius = np.maximum(width / 2 * (1 + 0.5 * wobble), 0.3)
        darkness = rng.uniform(0.75, 0.95)
        worn = np.convolve(rng.random(count + 2) < 0.004, np.ones(3), "valid") > 0
        draw_dots(ink, points[~worn], radius[~worn], darkness)


def stamp_seal(
    rng: np.random.Generator, image: np.ndarray, center: np.ndarray, side: float, font: Path, text: str
) -> None:
    """Draw a worn red seal with the characters of `text` over the page, in place."""
    size = int(4 * round(side / 4)) + 4
    across = 2 if len(text) > 2 else 1
    down = -(-len(text) // across)
    seal = np.zeros((size * down // across if across > 1 else size * down // 2, size if across > 1 else size // 2))
    seal = seal.astype(np.uint8)
    height, width = seal.shape
    rim = max(size // 28, 1)
    round_one = rng.random() < 0.2
    if round_one:
        cv2.ellipse(seal, (width // 2, height // 2), (width // 2 - rim, height // 2 - rim), 0, 0, 360, 255, rim)
    else:
        cv2.rectangle(seal, (rim, rim), (width - 1 - rim, height - 1 - rim), 255, rim * int(rng.integers(1, 3)))
    inner = 0.14 if round_one else 0.08
    cell = np.array([width, height]) * (1 - 2 * inner) / [across, down]
    for number, character in enumerate(text):
        column, row = across - 1 - number // down, number % down
        drawn = fonts.trim(fonts.render(font, character, max(int(cell.max()), 12)))
        w, h = np.maximum((cell * 0.88).astype(int), 2)
        x, y = (np.array([width, height]) * inner + cell * [column, row] + cell * 0.06).astype(int)
        part = seal[y : y + h, x : x + w]
        np.maximum(part, cv2.resize(drawn, part.shape[::-1], interpolation=cv2.INTER_AREA), out=part)
    if rng.random() < 0.35:
        seal = 255 - seal  # carved in white
    turned = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 2)), 1)
    turned[:, 2] += center - [width / 2, height / 2]
    red = cv2.warpAffine(seal, turned, image.shape[1::-1]).astype(np.float32) / 255
    worn = np.clip(0.75 + 0.25 * smooth_noise(rng, red.shape, max(side / 12, 2)), 0, 1)
    red *= worn * rng.uniform(0.45, 0.9)
    image *= 1 - red[..., None] * (1 - np.array([0.92, 0.28, 0.24], dtype=np.float32))


def _texture(rng: np.random.Generator, shape: tuple[int, int], base: np.ndarray, age: float) -> np.ndarray:
    height, width = shape
    unit = width / 640
    light = 0.015 * smooth_noise(rng, shape, width / 3) + 0.008 * smooth_noise(rng, shape, 24 * unit)
    light += 0.010 * smooth_noise(rng, shape, 3 * unit)
    light += 0.012 * rng.standard_normal(shape, dtype=np.float32)
    image = base * (1 + light[..., None])
    tint = (0.02 + 0.03 * age) * smooth_noise(rng, shape, width / 4)
    image *= 1 - np.maximum(tint, 0)[..., None] * np.array([0.4, 1.0, 1.9], dtype=np.float32)
    _fibers(rng, image, unit)
    for _ in range(rng.poisson(6 * age)):
        _stain(rng, image, age)
    spots = np.zeros(shape, dtype=np.uint8)
    for x, y, r in rng.random((rng.poisson(25 * age), 3)) * [width, height, 1.6 * unit]:
        cv2.circle(spots, (int(16 * x), int(16 * y)), int(16 * (0.3 + r)), int(rng.integers(40, 160)), -1, 16, 4)
    image *= 1 - spots[..., None].astype(np.float32) / 255 * np.array([0.35, 0.5, 0.65], dtype=np.float32)
    return image.astype(np.float32)


def _fibers(rng: np.random.Generator, image: np.ndarray, unit: float) -> None:
    height, width = image.shape[:2]
    fibers = np.full((height, width), 128, dtype=np.uint8)
    count = 500
    starts = rng.random((count, 2)) * [width, height]
    angles = rng.random(count) * np.pi
    bends = rng.normal(0, 0.5, count)
    steps = np.linspace(0, 1, 6)
    lengths = rng.gamma(3, 5, count) * unit
    turns = angles[:, None] + bends[:, None] * steps
    points = starts[:, None] + np.stack([np.cos(turns), np.sin(turns)], axis=-1) * (lengths[:, None] * steps)[..., None]
    points = np.rint(points * 16).astype(np.int32)
    for number, shade in enumerate((100, 150)):
        lines = list(points[number::2])
        cv2.polylines(fibers, lines, False, shade, max(round(0.7 * unit), 1), cv2.LINE_AA, shift=4)
    image *= 1 + (fibers.astype(np.float32) - 128)[..., None] / 900


def _stain(rng: np.random.Generator, image: np.ndarray, age: float) -> None:
    """Draw a water stain, a faint brown patch with a darker, uneven rim, more often near the edges."""
    height, width = image.shape[:2]
    center = rng.beta(0.5, 0.5, 2) * [width, height]
    radius = rng.uniform(0.03, 0.16) * width
    low = np.maximum((center - 2 * radius).astype(int), 0)
    high = np.minimum((center + 2 * radius).astype(int) + 1, [width, height])
    ys, xs = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    distance = np.hypot(xs - center[0], (ys - center[1]) * rng.uniform(0.7, 1.4)) / radius
    distance += 0.18 * smooth_noise(rng, distance.shape, radius / 1.5)
    patch = 0.5 / (1 + np.exp((distance - 1) * 18)) + 0.7 * np.exp(-(((distance - 1) / 0.05) ** 2))
    patch *= rng.uniform(0.03, 0.10) * (0.5 + age)
    image[low[1] : high[1], low[0] : high[0]] *= 1 - patch[..., None] * np.array([0.5, 0.9, 1.5], dtype=np.float32)
