"""Fonts of made-up hands: a brush that writes the strokes of a character in their order, rounds them and joins them.

A hand that writes fast cuts corners and does not lift the brush between strokes. Here the way of the brush, through the
air too, is smoothed along its length, which does both: the more, the more cursive. It does not know the forms of its
own that cursive script has for parts of many characters; brush fonts have those.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph
from scipy.ndimage import gaussian_filter1d

from kuzushiji.common.files import replacing
from kuzushiji.synthetic.strokes import SIDE, Strokes

_EM, _ASCENT = 1000, 880  # of the font, in its units
_SCALE = 4  # pixels per unit of the strokes
_MARGIN = 16  # around the square of a character, in units of the strokes
_IN_THE_AIR = -0.6  # pressure of a lifted brush: below 0, so that smoothing keeps the gap
_LEAST = 0.12  # pressure that leaves ink
_SHORT = 14  # points; of a stroke that a fast hand may leave out
_MANY = 6  # strokes, from which on it may


def write_hand(archive: Path, hand: dict, font: Path, processes: int) -> None:
    """Write a TrueType `font` of all of KanjiVG's characters in one hand.

    `archive` is that of `strokes.fetch_strokes`. `hand` has `smoothing`, the standard deviation along the way of the
    brush, in points of the strokes; `joined`, the share of the moves between strokes that leave ink; `width`, of the
    strokes in 109ths of the character's square; `dropped`, the share of short strokes of kanji with many that are left
    out; and a `seed`, which with the codepoint determines each character. Raises `InputError` like `Strokes`.
    """
    strokes = Strokes(archive)
    with ProcessPoolExecutor(processes, initializer=_open, initargs=(archive,)) as pool:
        drawn = pool.map(_glyph, strokes.characters, repeat(hand), chunksize=64)
        glyphs = {f"u{ord(character):05X}": glyph for character, glyph in zip(strokes.characters, drawn, strict=True)}
    names = [".notdef", *glyphs]
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({int(name[1:], 16): name for name in glyphs})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph()} | glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(names, (_EM, 0)))
    builder.setupHorizontalHeader(ascent=_ASCENT, descent=_ASCENT - _EM)
    builder.setupNameTable({"familyName": font.stem, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    # The same hand gives the same bytes.
    builder.font["head"].created = builder.font["head"].modified = 0
    builder.font.recalcTimestamp = False
    with replacing(font) as partial:
        builder.save(partial)


def write_character(strokes: list[np.ndarray], hand: dict, rng: np.random.Generator) -> np.ndarray:
    """The ink of one character in the hand of `write_hand`: uint8, 0 or 1, square, with a margin.

    `strokes` are those of `strokes.Strokes`, at least one.
    """
    if len(strokes) > _MANY:
        kept = [line for line in strokes if len(line) > _SHORT or rng.random() >= hand["dropped"]]
        strokes = kept or strokes
    points, pressure = _way(strokes, hand["joined"], rng)
    points = gaussian_filter1d(points, hand["smoothing"] * np.exp(rng.normal(0, 0.25)), axis=0, mode="nearest")
    pressure = gaussian_filter1d(pressure, 1.5, mode="nearest")
    # No hand writes a character twice alike: it leans, and is wider or higher.
    points = (points - SIDE / 2) @ (np.eye(2) + rng.normal(0, 0.06, (2, 2))).T + SIDE / 2
    across, down = np.diff(points, axis=0, append=points[-1:]).T
    level = np.abs(np.cos(np.arctan2(down, across)))  # a brush held upright draws level strokes thinner
    drift = np.exp(0.5 * gaussian_filter1d(rng.normal(size=len(points)), 6))
    width = hand["width"] * pressure * (1 - 0.3 * level) * drift
    return _ink(points, np.where(pressure > _LEAST, np.maximum(width, 1), 0))


def _way(strokes: list[np.ndarray], joined: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The way of the brush (n, 2) through all strokes and between them, and its pressure (n,), 1 in a stroke."""
    points, pressure = [], []
    for number, line in enumerate(strokes):
        middle = line.mean(axis=0)
        line = (line - middle) * np.exp(rng.normal(0, 0.1, 2)) + middle + rng.normal(0, 2, 2)
        if number:
            start, end = points[-1][-1], line[0]
            distance = np.hypot(*(end - start))
            bend = (start + end) / 2 + rng.normal(0, 0.1, 2) * distance
            t = np.linspace(0, 1, max(3, int(distance / 2.2)) + 2)[1:-1, None]  # faster than in a stroke
            points.append(start * (1 - t) ** 2 + 2 * bend * t * (1 - t) + end * t**2)
            light = 0.38 * rng.uniform(0.6, 1.3)
            pressure.append(np.full(len(t), light if rng.random() < joined else _IN_THE_AIR))
        force, ends = np.ones(len(line)), min(8, len(line) // 2)
        force[-ends:] *= np.linspace(1, rng.uniform(0.35, 0.9), ends)
        force[:ends] *= np.linspace(rng.uniform(0.6, 1.1), 1, ends)
        points.append(line)
        pressure.append(force)
    return np.concatenate(points), np.concatenate(pressure)


def _ink(points: np.ndarray, width: np.ndarray) -> np.ndarray:
    """What a brush of changing `width` leaves on its way."""
    side = (SIDE + 2 * _MARGIN) * _SCALE
    image = np.zeros((side, side), np.uint8)
    pixels = np.rint((points + _MARGIN) * _SCALE).astype(int).tolist()
    thick = np.rint(width * _SCALE).astype(int).tolist()
    for start, end, thickness in zip(pixels, pixels[1:], thick, strict=False):
        if thickness > 0:
            cv2.line(image, start, end, 255, thickness)
    return (cv2.GaussianBlur(image, (0, 0), 2.2) > 120).astype(np.uint8)


def _open(archive: os.PathLike) -> None:
    """A process has the archive open once."""
    global _strokes
    cv2.setNumThreads(0)
    _strokes = Strokes(Path(archive))


def _glyph(character: str, hand: dict) -> Glyph:
    """The outlines of a character's ink."""
    strokes = _strokes.of(character)
    pen = TTGlyphPen(None)
    if strokes:
        ink = write_character(strokes, hand, np.random.default_rng([hand["seed"], ord(character)]))
        # Outlines of ink and of its holes run in opposite directions, as a font's have to.
        for outline in cv2.findContours(ink, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_TC89_L1)[0]:
            corners = cv2.approxPolyDP(outline, 0.8, True)[:, 0] / _SCALE - _MARGIN
            if len(corners) < 3:
                continue
            x, y = corners[:, 0] * _EM / SIDE, _ASCENT - corners[:, 1] * _EM / SIDE
            start, *others = zip(np.rint(x).astype(int).tolist(), np.rint(y).astype(int).tolist(), strict=True)
            pen.moveTo(start)
            for corner in others:
                pen.lineTo(corner)
            pen.closePath()
    return pen.glyph()
