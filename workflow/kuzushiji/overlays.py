"""Pictures of the original pages with what was read on them."""

import logging
from functools import cache
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from kuzushiji.boxes import CORNERS
from kuzushiji.fonts import has_ink, load_font
from kuzushiji.images import read_page
from kuzushiji.text import character

_SURE = np.array([0, 96, 190])  # RGB of a box whose character has probability 1
_UNSURE = np.array([214, 60, 40])  # … and probability 0.5 or less
_REJECTED = (150, 150, 150)
_PREFERRED = "ipamjm"  # the font with the most characters, kana variants among them


def write_overlays(
    recognized: pd.DataFrame, pages: pd.DataFrame, fonts: list[Path], folder: Path, processes: int
) -> None:
    """Write `folder/{image_id}.jpg` for every page of the table `pages`: the scan with its recognized boxes.

    Characters stand to the right of their boxes, blue where they are sure and red where they are not; rejected boxes
    are gray. A character that none of the `fonts` has is shown by its codepoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fonts = sorted(fonts, key=lambda font: (font.stem.lower() != _PREFERRED, font.name))
    by_page = dict(list(recognized.groupby("image_id")))
    none = recognized.iloc[:0]
    tasks = [
        (Path(page.path), by_page.get(page.image_id, none), fonts, folder / f"{page.image_id}.jpg")
        for page in pages.itertuples()
    ]
    with Pool(processes) as pool:
        pool.starmap(_write_overlay, tasks, chunksize=1)
    logging.info("%d pages drawn", len(tasks))


def _write_overlay(path: Path, boxes: pd.DataFrame, fonts: list[Path], out: Path) -> None:
    draw_overlay(read_page(path), boxes, fonts).save(out, quality=88)


def draw_overlay(page: np.ndarray, boxes: pd.DataFrame, fonts: list[Path]) -> Image.Image:
    """`page` (RGB, uint8, (height, width, 3)) with the boxes of a table of recognized boxes, in its size."""
    image = Image.fromarray(page)
    draw = ImageDraw.Draw(image)
    line = max(1, image.width // 800)
    for box in boxes.sort_values("kept").itertuples():
        corners = [getattr(box, name) for name in CORNERS]
        if not box.kept:
            draw.rectangle(corners, outline=_REJECTED, width=line)
            continue
        shade = _shade(box.probability)
        draw.rectangle(corners, outline=shade, width=line)
        text, font = _font_for(box.codepoint, tuple(fonts))
        size = max(10, round(0.55 * np.mean([box.x_max - box.x_min, box.y_max - box.y_min])))
        place = (box.x_max + line, (box.y_min + box.y_max) / 2)
        drawn = load_font(font, size if len(text) == 1 else size // 3)
        draw.text(place, text, fill=shade, font=drawn, anchor="lm", stroke_width=2 * line, stroke_fill="white")
    return image


def _shade(probability: float) -> tuple[int, int, int]:
    sure = np.clip(2 * probability - 1, 0, 1)
    return tuple(np.rint(_UNSURE + sure * (_SURE - _UNSURE)).astype(int).tolist())


@cache
def _font_for(codepoint: str, fonts: tuple[Path, ...]) -> tuple[str, Path]:
    """The character and the first font that has it, or the codepoint's name and the first font."""
    glyph = character(codepoint)
    for font in fonts:
        if has_ink(font, glyph)[0]:
            return glyph, font
    return codepoint, fonts[0]
