"""The shape of a line of vertical text: its baseline and its outline, as programs that learn to read lines want them.

The baseline runs through the middle of the characters from top to bottom, as kraken and eScriptorium take vertical
text; the outline is the convex hull of the characters' boxes, which is a simple polygon that holds the baseline.
"""

import cv2
import numpy as np

from kuzushiji.text.transcripts import Glyph

Point = tuple[int, int]


def baseline(glyphs: list[Glyph]) -> list[Point]:
    """Two points, x and y in pixels: the line of least squares through the characters' centers, top to bottom.

    It begins on the upper edge of the highest box and ends on the lower edge of the lowest one.
    """
    corners = np.array([glyph.corners for glyph in glyphs], dtype=float)  # (n, 4)
    x, y = (corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2
    slope, start = np.polyfit(y, x, 1) if np.ptp(y) > 0 else (0.0, x.mean())
    first, last = corners[corners[:, 1].argmin()], corners[corners[:, 3].argmax()]
    ends = [(first[1], first[0], first[2]), (last[3], last[0], last[2])]
    return [(round(float(np.clip(start + slope * at, left, right))), int(at)) for at, left, right in ends]


def outline(glyphs: list[Glyph]) -> list[Point]:
    """The convex hull of the characters' boxes: its corners, x and y in pixels, in order."""
    corners = np.array([glyph.corners for glyph in glyphs], dtype=np.int32)
    points = np.concatenate([corners[:, [0, 1]], corners[:, [2, 1]], corners[:, [2, 3]], corners[:, [0, 3]]])
    return [(int(x), int(y)) for x, y in cv2.convexHull(points)[:, 0]]


def written(points: list[Point]) -> str:
    """The points as PAGE and ALTO write them: `x,y x,y …`."""
    return " ".join(f"{x},{y}" for x, y in points)
