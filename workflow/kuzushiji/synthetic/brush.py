"""Brush writing: the ink of characters, distorted as by hand, and the strokes that join them.

The elastic distortion follows Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied
to visual document analysis" (2003), on a coarse grid.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from kuzushiji.common import fonts

_RENDERED = (64, 176)  # least and greatest em of a rendered glyph, in pixels
INK = 0.3  # coverage from which a pixel is ink


class Glyph(NamedTuple):
    """One handwritten character before it is placed: its ink, and its extent after `shape`."""

    ink: np.ndarray  # float32 coverage, (height, width) at the rendered size
    shape: np.ndarray  # 2 x 2: rendered pixels to layout pixels
    corner: np.ndarray  # layout x, y of the ink's upper left corner
    size: np.ndarray  # layout width, height of the ink


class Stamp(NamedTuple):
    """The ink coverage of a part of the page image: `mask` (height, width), with the upper left corner at (x, y)."""

    x: int
    y: int
    mask: np.ndarray


def write_glyph(
    rng: np.random.Generator,
    font: Path,
    character: str,
    size: float,
    stretch: float,
    weight: float,
    mark: str = "",
) -> Glyph:
    """Write `character`, for which the font must have ink, at an em of `size` layout pixels.

    `stretch` is the mean ratio of height to width, `weight` the mean thickening of the strokes, `mark` what a kana
    gets at its upper right: `voiced` (two strokes), `semivoiced` (a ring) or nothing.
    """
    em = int(np.clip(round(2 * size), *_RENDERED))
    ink = np.pad(fonts.trim(fonts.render(font, character, em)), em // 6).astype(np.float32) / 255
    if mark:
        _mark(rng, ink, em, mark)
    ink = _distort(rng, ink, em, weight)
    ys, xs = np.nonzero(ink > INK)
    scale = size / em * np.exp(rng.normal(0, [0.08, 0.11]))
    scale *= [stretch**-0.5, stretch**0.5]
    turn, slant = rng.normal(0, [0.03, 0.05])
    shape = np.array([[np.cos(turn), -np.sin(turn) + slant], [np.sin(turn), np.cos(turn)]]) @ np.diag(scale)
    points = np.stack([xs, ys]).T @ shape.T
    low, high = points.min(axis=0), points.max(axis=0)
    return Glyph(ink, shape, low, high - low)


def place(written: Glyph, corner: np.ndarray, homography: np.ndarray, page: tuple[int, int]) -> Stamp | None:
    """Put the glyph's ink with its upper left corner at `corner` (layout x, y) of a page image of (height, width).

    `homography` maps the layout to the image. The stamp is cropped to the exact extent of the ink; it is None if the
    ink would leave the page.
    """
    move = np.eye(3)
    move[:2, :2] = written.shape
    move[:2, 2] = corner - written.corner
    matrix = homography @ move
    height, width = written.ink.shape
    corners = np.array([[[0, 0], [width, 0], [0, height], [width, height]]], dtype=float)
    corners = cv2.perspectiveTransform(corners, matrix)[0]
    x, y = np.floor(corners.min(axis=0)).astype(int) - 1
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    back = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]], dtype=float)
    # Shrinking by half is the usual case, for which bilinear sampling is still smooth.
    mask = cv2.warpPerspective(written.ink, back @ matrix, (int(right - x), int(bottom - y)), flags=cv2.INTER_LINEAR)
    rows, columns = np.nonzero((mask >= INK).any(axis=1))[0], np.nonzero((mask >= INK).any(axis=0))[0]
    if not len(rows):
        return None
    stamp = Stamp(
        int(x + columns[0]), int(y + rows[0]), mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    )
    inside = stamp.x >= 0 and stamp.y >= 0
    inside = inside and stamp.x + stamp.mask.shape[1] <= page[1] and stamp.y + stamp.mask.shape[0] <= page[0]
    return stamp if inside else None


def lay(layer: np.ndarray, stamp: Stamp, darkness: float) -> None:
    """Draw the stamp's ink on a page's ink layer (float32, 0 to 1), in place; where inks overlap, the darker counts."""
    height, width = stamp.mask.shape
    part = layer[stamp.y : stamp.y + height, stamp.x : stamp.x + width]
    np.maximum(part, stamp.mask * np.float32(darkness), out=part)


def join(rng: np.random.Generator, layer: np.ndarray, above: Stamp, below: Stamp, width: float, darkness: float):
    """Draw the thin stroke that a brush leaves on its way from one character's end to the next one's beginning.

    It is left out where it would run sideways or up, since a hand lifts the brush there.
    """
    start, end = _tip(above, last=True), _tip(below, last=False)
    across, down = end - start
    if down < abs(across) / 2:
        return
    middle = (start + end) / 2 + [rng.normal(0, 0.35) * down, 0]
    t = np.linspace(0, 1, max(int(4 * down / width), 8))[:, None]
    line = start * (1 - t) ** 2 + middle * 2 * t * (1 - t) + end * t**2
    radius = width * (0.35 + 0.65 * np.abs(1 - 2 * t[:, 0]) ** 1.5) / 2  # thinnest halfway
    draw_dots(layer, line, radius, darkness)


def draw_dots(layer: np.ndarray, points: np.ndarray, radius: np.ndarray, darkness: float) -> None:
    """Draw round dots (points: (n, 2) as x, y) on the layer, in place."""
    margin = int(np.ceil(radius.max())) + 2
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + margin, layer.shape[::-1])
    if (high <= low).any():
        return
    dots = np.zeros((high - low)[::-1], dtype=np.uint8)
    for (x, y), r in zip(np.rint((points - low) * 16).astype(int), np.rint(radius * 16).astype(int), strict=True):
        cv2.circle(dots, (int(x), int(y)), max(int(r), 6), 255, -1, cv2.LINE_AA, shift=4)
    lay(layer, Stamp(int(low[0]), int(low[1]), dots.astype(np.float32) / 255), darkness)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> np.ndarray:
    """Noise with standard deviation about 1 that varies over `cell` pixels: float32 of `shape` (height, width)."""
    cells = [int(np.ceil(side / cell)) + 1 for side in shape]
    grid = rng.normal(size=cells).astype(np.float32)
    size = [int(np.ceil(count * cell)) for count in reversed(cells)]
    start = [int(rng.integers(max(whole - side, 0) + 1)) for whole, side in zip(reversed(size), shape, strict=True)]
    noise = cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    return noise[start[0] : start[0] + shape[0], start[1] : start[1] + shape[1]]


def fit(written: Glyph, width: float, height: float) -> Glyph:
    """The glyph with its ink stretched to `width` x `height` layout pixels."""
    scale = np.array([width, height]) / np.maximum(written.size, 1)
    return Glyph(written.ink, scale[:, None] * written.shape, written.corner * scale, written.size * scale)


def _mark(rng: np.random.Generator, ink: np.ndarray, em: int, mark: str) -> None:
    """Draw a voiced mark into the margin at the upper right of rendered ink (height, width), in place."""
    x = ink.shape[1] - em * rng.uniform(0.16, 0.26)
    y = em * rng.uniform(0.10, 0.26)
    thickness = max(round(em * rng.uniform(0.03, 0.06)), 1)
    if mark == "semivoiced":
        radius = round(em * rng.uniform(0.05, 0.08))
        cv2.circle(ink, (round(x), round(y)), radius, 1.0, thickness, cv2.LINE_AA)
        return
    length = em * rng.uniform(0.06, 0.12)
    for number in range(2):
        start = np.array([x + number * em * rng.uniform(0.08, 0.12), y - number * em * rng.uniform(0, 0.05)])
        end = start + length * np.array([rng.uniform(0.3, 0.8), rng.uniform(0.7, 1)])
        cv2.line(
            ink,
            tuple(np.rint(start).astype(int).tolist()),
            tuple(np.rint(end).astype(int).tolist()),
            1.0,
            thickness,
            cv2.LINE_AA,
        )


def _distort(rng: np.random.Generator, ink: np.ndarray, em: int, weight: float) -> np.ndarray:
    height, width = ink.shape
    shift = [smooth_noise(rng, ink.shape, em / 2.5) * np.float32(em * 0.03) for _ in range(2)]
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    ink = cv2.remap(ink, xs + shift[0], ys + shift[1], cv2.INTER_LINEAR)
    # Another threshold of blurred ink gives thicker or thinner strokes; the threshold drifts along the strokes.
    blurred = cv2.GaussianBlur(ink, (0, 0), em * 0.016)
    level = 0.5 - weight - rng.normal(0, 0.05) - 0.10 * smooth_noise(rng, ink.shape, em / 3)
    edge = em / 40  # as sharp as the rendered size allows
    level = np.minimum(np.maximum(level, 0.12), 0.5 * blurred.max())  # keeps the thinnest stroke
    return np.clip((blurred - level) * edge + 0.5, 0, 1).astype(np.float32)


def _tip(stamp: Stamp, last: bool) -> np.ndarray:
    """The page x, y of the lowest ink (`last`) or of the highest."""
    ys, xs = np.nonzero(stamp.mask > 0.5)
    if not len(ys):
        ys, xs = np.nonzero(stamp.mask >= INK)
    row = ys.max() if last else ys.min()
    return np.array([stamp.x + xs[ys == row].mean(), stamp.y + row])
