"""A picture of misread characters: samples of the most frequent confusions."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageOps

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.fonts import font_with, load_font
from kuzushiji.common.images import read_page
from kuzushiji.evaluate.metrics import confused_boxes, count_confusions

_INK, _FAINT, _PAPER = "#222222", "#666666", "white"


def draw_misread(
    recognized: pd.DataFrame, truth: pd.DataFrame, pages: pd.DataFrame, fonts: list[Path], settings: dict
) -> Image.Image:
    """Draw a line per most frequent confusion of the kept boxes: the true character, the wrong one, and samples.

    `settings` has the number of `confusions` (lines), of `samples` in a line, and their `side` in pixels. Samples are
    cut from the original pages around the true box, with a margin, and are evenly spread over the pages.
    """
    read = recognized[recognized["kept"]].reset_index(drop=True)
    pairs = confused_boxes(read, truth)
    lines = count_confusions(pairs).head(settings["confusions"])
    side, fonts = settings["side"], tuple(fonts)
    label = _Label(side, fonts)
    image = Image.new("RGB", (label.width + settings["samples"] * side, max(1, len(lines)) * side + side // 2), _PAPER)
    draw = ImageDraw.Draw(image)
    for x, text in ((0.1 * side, "is"), (2.2 * side, "read as"), (label.width - 0.9 * side, "times")):
        draw.text((x, side // 4), text, _FAINT, load_font(label.plain, side // 5), "lm")
    if lines.empty:
        draw.text((0.1 * side, side), "nothing is misread", _INK, load_font(label.plain, side // 4), "lm")
    chosen = []  # pairs of a true box's row and its place in the picture
    for line, confusion in enumerate(lines.itertuples(index=False)):
        top = line * side + side // 2
        label.draw(draw, top, confusion)
        boxes = pairs.loc[(pairs["truth"] == confusion.truth) & (pairs["predicted"] == confusion.predicted), "true_box"]
        places = np.linspace(0, len(boxes) - 1, min(len(boxes), settings["samples"])).round().astype(int)
        chosen += [(boxes.iloc[place], (label.width + i * side, top)) for i, place in enumerate(places)]
    for corner, sample in _samples(chosen, truth, pages, side - 4):
        image.paste(sample, corner)
    return image


class _Label:
    """The label before the samples of a line."""

    def __init__(self, side: int, fonts: tuple[Path, ...]):
        self.side, self.fonts = side, fonts
        self.plain = font_with("A", fonts) or fonts[0]
        self.width = int(5.2 * side)

    def draw(self, draw: ImageDraw.ImageDraw, top: int, confusion) -> None:
        side, middle = self.side, top + self.side // 2
        draw.line([0, top, 10**5, top], "#dddddd")
        for x, codepoint in ((0.1 * side, confusion.truth), (2.2 * side, confusion.predicted)):
            glyph = character(codepoint)
            font = font_with(glyph, self.fonts)
            if font:
                draw.text((x, middle), glyph, _INK, load_font(font, round(0.6 * side)), "lm")
            draw.text((x + 0.75 * side, middle), codepoint, _FAINT, load_font(self.plain, side // 5), "lm")
        times = f"{confusion.count:,}"
        draw.text((self.width - 0.3 * side, middle), times, _INK, load_font(self.plain, side // 4), "rm")


def _samples(
    chosen: list[tuple[int, tuple[int, int]]], truth: pd.DataFrame, pages: pd.DataFrame, side: int
) -> Iterable[tuple[tuple[int, int], Image.Image]]:
    """The squares to show and their places, page by page, so that each page is read once."""
    paths = dict(zip(pages["image_id"], pages["path"], strict=True))
    table = pd.DataFrame(chosen, columns=["box", "corner"])
    table["image_id"] = truth["image_id"].to_numpy(object)[table["box"].to_numpy(int)]
    for image_id, rows in table.groupby("image_id"):
        page = Image.fromarray(read_page(Path(paths[image_id])))
        for row in rows.itertuples(index=False):
            left, top, right, bottom = truth[CORNERS].iloc[row.box]
            margin = round(0.25 * max(right - left, bottom - top) / 2)
            scaled = (left - margin, top - margin, right + margin, bottom + margin)
            inside = (max(0, scaled[0]), max(0, scaled[1]), min(page.width, scaled[2]), min(page.height, scaled[3]))
            yield row.corner, ImageOps.pad(page.crop(inside), (side, side), Image.Resampling.LANCZOS, _PAPER)
