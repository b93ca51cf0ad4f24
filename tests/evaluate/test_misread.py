from pathlib import Path

import matplotlib_fontja
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tables_for_tests import empty

from kuzushiji.evaluate.misread import draw_misread

FONTS = sorted((Path(matplotlib_fontja.__file__).parent / "fonts").glob("*.ttf"))
SETTINGS = {"confusions": 5, "samples": 3, "side": 40}
COLORS = {"U+3042": (200, 0, 0), "U+3044": (0, 150, 0), "U+4E00": (0, 0, 200)}


@pytest.fixture
def page(tmp_path):
    """A page whose characters are patches of a color each, and what was read there."""
    true = ["U+3042"] * 5 + ["U+3044"] * 2 + ["U+4E00"]
    read = ["U+3044"] * 5 + ["U+4E00"] * 2 + ["U+4E00"]
    image = Image.new("RGB", (500, 60), "white")
    rows = []
    for number, codepoint in enumerate(true):
        box = (10 + 60 * number, 10, 40 + 60 * number, 40)
        image.paste(COLORS[codepoint], (box[0] - 9, 1, box[2] + 9, 49))
        rows.append(("page", number, *box, codepoint))
    image.save(tmp_path / "page.png")
    truth = pd.DataFrame(rows, columns=["image_id", "box", "x_min", "y_min", "x_max", "y_max", "codepoint"])
    recognized = truth.assign(codepoint=read, kept=True)
    return recognized, truth, pd.DataFrame({"image_id": ["page"], "path": [str(tmp_path / "page.png")]})


def lines_of(image: Image.Image) -> list[list[tuple[int, int, int]]]:
    """The colors of the samples, line by line."""
    pixels, side = np.asarray(image), SETTINGS["side"]
    left = image.width - SETTINGS["samples"] * side
    lines = (image.height - side // 2) // side
    middles = [
        [tuple(pixels[side + side * y, left + side * x + side // 2].tolist()) for x in range(3)] for y in range(lines)
    ]
    return [[color for color in line if color != (255, 255, 255)] for line in middles]


def test_the_commonest_confusions_are_shown_with_the_true_character(page):
    image = draw_misread(*page, FONTS, SETTINGS)
    assert lines_of(image) == [[COLORS["U+3042"]] * 3, [COLORS["U+3044"]] * 2]
    labels = np.asarray(image.convert("L"))[20:60, :200]
    assert (labels < 100).sum() > 50  # characters and numbers


def test_rejected_boxes_do_not_count(page):
    recognized, truth, pages = page
    recognized = recognized.assign(kept=recognized["codepoint"] == "U+4E00")
    assert lines_of(draw_misread(recognized, truth, pages, FONTS, SETTINGS)) == [[COLORS["U+3044"]] * 2]


def test_only_so_many_confusions_as_asked_for(page):
    image = draw_misread(*page, FONTS, {**SETTINGS, "confusions": 1})
    assert lines_of(image) == [[COLORS["U+3042"]] * 3]


@pytest.mark.parametrize("labels", [True, False])
def test_where_nothing_is_misread_the_picture_says_so(page, labels):
    _, truth, pages = page
    truth = truth if labels else empty("truth")
    image = draw_misread(truth.assign(kept=True), truth, pages, FONTS, SETTINGS)
    assert (np.asarray(image.convert("L"))[30:60] < 100).any()


def test_a_character_at_the_edge_of_the_page_is_shown(page):
    recognized, truth, pages = page
    edge = {"x_min": 0, "x_max": 30, "y_min": 0, "y_max": 30}
    for table in (recognized, truth):
        table.loc[0, list(edge)] = list(edge.values())
    assert len(lines_of(draw_misread(recognized, truth, pages, FONTS, SETTINGS))[0]) == 3
