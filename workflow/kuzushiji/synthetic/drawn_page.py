"""One drawn page: its layout, its writing and the boxes of its labels, all from one task.

The layout is a flat page of the image's size. A homography, nearly the identity, maps it to the image, since scans are
never quite straight. All ink is placed through it, so that a box is the extent of visible ink. All lengths scale with
the page's width.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from kuzushiji.synthetic import brush, paper
from kuzushiji.synthetic.corpus import write
from kuzushiji.synthetic.hentaigana import Shape
from kuzushiji.synthetic.layouts import Layout

_SEAL_CHARACTERS = 6
_COMMON = 80  # characters by rank that fill a layout's gaps


class Task(NamedTuple):
    """Everything that determines a page."""

    image_id: str
    seed: list[int]
    width: int
    height: int
    style: dict  # the book's settings: see the `synthetic` section of the configuration
    font: Path
    charset: str  # by rank; the font has ink for all of them
    first: str  # random characters to use before others
    kana: str  # the characters of annotations
    texts: list[str]
    random_share: float
    zipf: float
    blank: bool
    outer: int  # -1 where the page's outer edge is on the left, 1 on the right
    shapes: dict[str, list[Shape]]  # other shapes of kana
    layout: Layout | None  # where characters stand, as on a real page; None for the page's own columns


class Character(NamedTuple):
    """A character on the page: `mask` is its ink coverage (height, width) at (x, y), and its extent is the box."""

    text: str
    x: int
    y: int
    mask: np.ndarray


class _Sheet(NamedTuple):
    rng: np.random.Generator
    task: Task
    homography: np.ndarray
    ink: np.ndarray  # float32, 0 to 1, (height, width): everything written or printed in ink

    @property
    def em(self) -> float:
        return self.task.style["character_size"] * self.task.width


def draw_page(task: Task) -> tuple[np.ndarray, list[Character]]:
    """The page, RGB uint8 (height, width, 3), and its characters in reading order."""
    style = task.style
    shape = (task.height, task.width)
    rng = np.random.default_rng(task.seed)
    homography = _tilt(rng, task)
    image = paper.draw_paper(rng, shape, style["paper"], style["background"], task.outer, style["age"], homography)
    sheet = _Sheet(rng, task, homography, np.zeros(shape, dtype=np.float32))
    characters = _write_columns(sheet) if task.layout is None else _write_layout(sheet, task.layout)
    written = sheet.ink.copy()
    _print_frame(sheet)
    # The back of the leaf is a similar page: the same writing, seen from behind.
    back = np.roll(sheet.ink[:, ::-1], int(rng.integers(task.width // 8)), axis=1)
    paper.show_through(rng, image, back, style["show_through"])
    if task.blank:
        characters = []
        np.subtract(sheet.ink, written, out=sheet.ink).clip(0, 1, out=sheet.ink)
    _lay_ink(sheet, image)
    for _ in range(rng.poisson(style["seals"])):
        center = rng.uniform([0.12, 0.1], [0.88, 0.9]) * [task.width, task.height]
        text = "".join(rng.choice(list(task.charset[-40:]), rng.integers(2, _SEAL_CHARACTERS + 1)))
        paper.stamp_seal(rng, image, center, rng.uniform(0.06, 0.13) * task.width, task.font, text)
    image = cv2.GaussianBlur(image, (0, 0), 0.45 * max(task.width / 640, 1) ** 0.5)
    image += 1.5 * rng.standard_normal((*shape, 1), dtype=np.float32)
    return np.rint(image).clip(0, 255).astype(np.uint8), characters


def _tilt(rng: np.random.Generator, task: Task) -> np.ndarray:
    angle = np.deg2rad(rng.normal(0, task.style["tilt"]))
    center = np.array([task.width, task.height]) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * center
    turned = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned += rng.normal(0, 0.002 * task.width, (4, 2))
    return cv2.getPerspectiveTransform((corners + center).astype(np.float32), (turned + center).astype(np.float32))


def _frame(task: Task) -> tuple[float, float, float, float]:
    """The written area in the layout: x_min, y_min, x_max, y_max."""
    top, outer, bottom, gutter = (share * task.width for share in task.style["margins"])
    left, right = (outer, gutter) if task.outer < 0 else (gutter, outer)
    return left, top, task.width - right, task.height - bottom


def _columns(task: Task, em: float) -> tuple[np.ndarray, float]:
    """The columns' centers (layout x, right to left) and their pitch."""
    left, _, right, _ = _frame(task)
    count = max(int((right - left) / (task.style["pitch"] * em)), 1)
    pitch = (right - left) / count
    return right - pitch * (np.arange(count) + 0.5), pitch


def _write_columns(sheet: _Sheet) -> list[Character]:
    rng, task, em = sheet.rng, sheet.task, sheet.em
    run = write(rng, task.texts, task.charset, task.first, task.random_share, task.zipf)
    _, top, _, bottom = _frame(task)
    centers, pitch = _columns(task, em)
    characters = []
    for center in centers:
        # Annotations are to the right of their column, which is shifted from the middle for them.
        center = center - (0.16 * pitch if task.style["ruby"] else 0) + rng.normal(0, 0.03 * em)
        start = top + em * (0.25 + (rng.uniform(0.8, 2.5) if rng.random() < 0.08 else abs(rng.normal(0, 0.08))))
        end = bottom - em * (0.2 + (rng.uniform(1, 6) if rng.random() < 0.10 else 0))
        characters += _write_column(sheet, run, center, start, end)
    return characters


def _write_layout(sheet: _Sheet, layout: Layout) -> list[Character]:
    """The characters of a real page at their places, and others in the gaps between them.

    What does not fit on the page, or has no ink in the book's font, leaves a gap.
    """
    rng, task, em = sheet.rng, sheet.task, sheet.em * np.exp(sheet.rng.normal(0, 0.15))
    # Tables of layouts may lack the commonest characters: those are what stands in gaps.
    run = write(rng, task.texts, task.charset[:_COMMON], "", task.random_share / 2, task.zipf)
    left, top, right, bottom = _frame(task)
    known = frozenset(task.charset)
    extent = max(place.x + place.width for column in layout for place in column) * em
    # A page wider than this one shows the part that a random cut leaves, one narrower stands somewhere.
    offset = left + rng.uniform(min(right - left - extent, 0), max(right - left - extent, 0))
    characters = []
    for column in layout:
        center = offset + em * float(np.median([place.x + place.width / 2 for place in column]))
        if not left <= center <= right:
            continue
        y = top + em * abs(rng.normal(0, 0.15))
        for place in column:
            x, start, width, height = offset + place.x * em, top + place.y * em, place.width * em, place.height * em
            if start + height > bottom or place.text not in known:
                continue
            if start - y > 0.9 * em:
                characters += _write_column(sheet, run, center, y, start)
            glyph = brush.fit(_glyph(sheet, place.text, em), width, height)
            stamp = brush.place(glyph, np.array([x, start]), sheet.homography, sheet.ink.shape)
            if stamp is not None:
                brush.lay(sheet.ink, stamp, rng.uniform(0.75, 1))
                characters.append(Character(place.text, *stamp))
            y = max(start + height, y) + em * 0.05
        if bottom - y > em and rng.random() < 0.8:
            characters += _write_column(sheet, run, center, y, bottom)
    return characters


def _glyph(sheet: _Sheet, text: str, em: float) -> brush.Glyph:
    """A character in the book's hand, a kana in any of its shapes."""
    rng, style, shape = sheet.rng, sheet.task.style, Shape(text, None, "")
    others = sheet.task.shapes.get(text)
    if others and style["variants"] and rng.random() < style["variants"]:
        shape = others[rng.integers(len(others))]
    font = shape.font or sheet.task.font
    return brush.write_glyph(rng, font, shape.text, em, style["stretch"], style["weight"], shape.mark)


def _write_column(sheet: _Sheet, run: Iterator[str], center: float, y: float, end: float) -> list[Character]:
    rng, em, style = sheet.rng, sheet.em, sheet.task.style
    lean = rng.normal(0, 0.006)
    characters: list[Character] = []
    above, darkness, top = None, 1.0, y
    for text in run:
        glyph = _glyph(sheet, text, em)
        width, height = glyph.size
        if y + height > end:
            break
        x = center + lean * (y - top) + rng.normal(0, 0.06 * em) - width / 2
        stamp = brush.place(glyph, np.array([x, y]), sheet.homography, sheet.ink.shape)
        if stamp is None:
            break
        brush.lay(sheet.ink, stamp, darkness)
        characters.append(Character(text, *stamp))
        if above is not None and rng.random() < style["joined"]:
            brush.join(rng, sheet.ink, above, stamp, em * rng.uniform(0.025, 0.055), darkness)
        if _is_kanji(text) and rng.random() < style["ruby"]:
            _annotate(sheet, x + width, y, height)
        # The ink fades until the brush is dipped again.
        darkness = 1.0 if rng.random() < 0.12 else max(darkness - rng.uniform(0, 0.05), 0.68)
        above = stamp
        y += height + em * max(rng.normal(style["gap"], 0.09), -0.10)
    return characters


def _annotate(sheet: _Sheet, right: float, top: float, height: float) -> None:
    """Draw ruby, one to three small kana beside a character; like the competition's, they have no boxes."""
    rng, task = sheet.rng, sheet.task
    size = 0.42 * sheet.em
    count = int(rng.integers(1, 4))
    y = top + height / 2 - count * size / 2
    for text in rng.choice(list(task.kana), count):
        glyph = brush.write_glyph(rng, task.font, str(text), size, task.style["stretch"], task.style["weight"])
        corner = np.array([right + 0.12 * size + rng.normal(0, 0.08 * size), y])
        stamp = brush.place(glyph, corner, sheet.homography, sheet.ink.shape)
        if stamp is not None:
            brush.lay(sheet.ink, stamp, 0.9)
        y += glyph.size[1] + 0.10 * size


def _print_frame(sheet: _Sheet) -> None:
    task = sheet.task
    left, top, right, bottom = _frame(task)
    for number in range(task.style["frame"]):
        out = number * 0.009 * task.width
        x0, y0, x1, y1 = left - out, top - out, right + out, bottom + out
        sides = [(x0, y0, x1, y0), (x0, y1, x1, y1), (x0, y0, x0, y1), (x1, y0, x1, y1)]
        width = task.width * (0.0022 if number == 0 and task.style["frame"] > 1 else 0.0048)
        paper.draw_lines(sheet.rng, sheet.ink, sides, width, sheet.homography)
    if task.style["rules"]:
        centers, pitch = _columns(task, sheet.em)
        rules = [(x - pitch / 2, top, x - pitch / 2, bottom) for x in centers[:-1]]
        paper.draw_lines(sheet.rng, sheet.ink, rules, task.width * 0.0016, sheet.homography)


def _lay_ink(sheet: _Sheet, image: np.ndarray) -> None:
    """Darken the paper by the ink, unevenly: pale in places, and with the paper's grain."""
    rng, ink, width = sheet.rng, sheet.ink, sheet.task.width
    uneven = 1 - 0.10 * np.abs(brush.smooth_noise(rng, ink.shape, width / 12))
    grain = 1 - 0.22 * np.clip(brush.smooth_noise(rng, ink.shape, width / 400) - 0.4, 0, 1.5)
    cover = (ink * uneven * grain).clip(0, 1)[..., None]
    image *= 1 - cover
    image += cover * paper.color(sheet.task.style["ink"])


def _is_kanji(text: str) -> bool:
    return "\u4e00" <= text <= "\u9fff"
