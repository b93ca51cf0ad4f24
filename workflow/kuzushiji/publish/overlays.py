"""Pictures of the original pages with the recognized boxes and characters."""

import logging
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.files import replacing
from kuzushiji.common.fonts import font_with, load_font
from kuzushiji.common.images import read_page
from kuzushiji.publish.label_places import label_places

# RGB. Most color-blind readers can distinguish blue and orange-red; a halo separates them from paper of any color.
_SURE = np.array([0, 84, 180])  # a box whose character has probability 1
_UNSURE = np.array([220, 50, 20])  # … and probability 0.5 or less
_REJECTED = (0, 130, 90)
_HALO = "white"


def write_overlays(
    recognized: pd.DataFrame, pages: pd.DataFrame, fonts: list[Path], folder: Path, processes: int
) -> None:
    """Write `folder/{image_id}.jpg` for every page of the table `pages`: the scan with its recognized boxes.

    Characters are beside their boxes, blue if probable and red if not; rejected boxes are green and crossed out. A
    character that none of the `fonts` has is shown as its codepoint.
    """
    folder.mkdir(parents=True, exist_ok=True)
    by_page = dict(list(recognized.groupby("image_id")))
    none = recognized.iloc[:0]
    tasks = [
        (Path(page.path), by_page.get(page.image_id, none), fonts, folder / f"{page.image_id}.jpg")
        for page in pages.itertuples()
    ]
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(_write_overlay, *zip(*tasks, strict=True)))
    logging.info("%d pages drawn", len(tasks))


def _write_overlay(path: Path, boxes: pd.DataFrame, fonts: list[Path], out: Path) -> None:
    with replacing(out) as partial:
        draw_overlay(read_page(path), boxes, fonts).save(partial, quality=88)


def draw_overlay(page: np.ndarray, boxes: pd.DataFrame, fonts: list[Path]) -> Image.Image:
    """`page` (RGB, uint8, (height, width, 3)) with recognized boxes drawn on it, in the same size."""
    image = Image.fromarray(page)
    draw = ImageDraw.Draw(image)
    line = max(1, image.width // 800)
    kept = boxes[boxes["kept"]]
    for corners in boxes.loc[~boxes["kept"], CORNERS].itertuples(index=False):
        _outline(draw, corners, _REJECTED, line)
        draw.line([*corners], fill=_REJECTED, width=line)
    corners = kept[CORNERS].to_numpy()
    shades = [_shade(probability) for probability in kept["probability"]]
    for box, shade in zip(corners, shades, strict=True):
        _outline(draw, box, shade, line)
    places = label_places(corners, image.width, image.height)
    for codepoint, place, shade in zip(kept["codepoint"], places, shades, strict=True):
        text, font = _written(codepoint, tuple(fonts))
        em = (place[2] - place[0]) / (1 if len(text) == 1 else 3)  # a codepoint's name is about three em long
        middle = (place[:2] + place[2:]) / 2
        draw.text((*middle,), text, shade, load_font(font, round(em)), "mm", stroke_width=2 * line, stroke_fill=_HALO)
    return image


def _outline(draw: ImageDraw.ImageDraw, corners: np.ndarray, shade: tuple[int, int, int], line: int) -> None:
    left, top, right, bottom = corners
    draw.rectangle([left - 1, top - 1, right + 1, bottom + 1], outline=_HALO, width=line + 2)
    draw.rectangle([left, top, right, bottom], outline=shade, width=line)


def _shade(probability: float) -> tuple[int, int, int]:
    sure = np.clip(2 * probability - 1, 0, 1)
    return tuple(np.rint(_UNSURE + sure * (_SURE - _UNSURE)).astype(int).tolist())


def _written(codepoint: str, fonts: tuple[Path, ...]) -> tuple[str, Path]:
    """The character and a font that has it, or the codepoint's name and the first font."""
    glyph = character(codepoint)
    font = font_with(glyph, fonts)
    return (glyph, font) if font else (codepoint, fonts[0])
