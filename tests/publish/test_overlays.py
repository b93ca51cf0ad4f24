from pathlib import Path

import matplotlib_fontja
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kuzushiji.publish.overlays import draw_overlay, write_overlays

FONTS = sorted((Path(matplotlib_fontja.__file__).parent / "fonts").glob("*.ttf"))


@pytest.fixture
def boxes():
    return pd.DataFrame(
        {
            "image_id": "a",
            "x_min": [100, 100, 100],
            "y_min": [50, 150, 250],
            "x_max": [140, 140, 140],
            "y_max": [90, 190, 290],
            "codepoint": ["U+3042", "U+3044", "U+1FFFE"],
            "probability": [1.0, 0.4, 1.0],
            "kept": [True, False, True],
        }
    )


def test_kept_boxes_show_their_character_beside_them_and_rejected_ones_do_not(boxes):
    page = np.full((400, 300, 3), 255, np.uint8)
    drawn = np.asarray(draw_overlay(page, boxes, FONTS)).astype(int)
    assert drawn.shape == page.shape
    beside = drawn[:, 145:220]
    blue = (beside[..., 2] - beside[..., 0]) > 80
    assert blue[50:90].sum() > 20
    assert not (beside[150:190] < 200).any()
    assert drawn[170, 100].tolist() == [0, 130, 90]  # in a colour of its own, and crossed out
    assert drawn[170, 120].tolist() == [0, 130, 90]
    assert blue[250:290].sum() > 20  # no font has this codepoint: its name is written instead


@pytest.mark.parametrize("paper", [255, 220, 120, 20])
def test_characters_are_told_from_paper_of_any_darkness(boxes, paper):
    page = np.full((400, 300, 3), paper, np.uint8)
    drawn = np.asarray(draw_overlay(page, boxes, FONTS).convert("L")).astype(int)[50:90, 142:170]
    stroke = drawn < 110
    around = drawn > 240
    assert stroke.sum() > 20
    assert around.sum() > 40
    rows, columns = np.nonzero(np.asarray(draw_overlay(page, boxes, FONTS))[50:90, 145:170, 0] == 0)
    halo = np.pad(around, 4)
    assert all(halo[row : row + 9, column + 3 : column + 12].any() for row, column in zip(rows, columns, strict=True))


def test_unsure_characters_are_redder(boxes):
    page = np.full((400, 300, 3), 255, np.uint8)
    drawn = np.asarray(draw_overlay(page, boxes.assign(kept=True), FONTS)).astype(int)
    assert drawn[70, 100, 0] < drawn[70, 100, 2]
    assert drawn[170, 100, 0] > drawn[170, 100, 2]


def test_every_page_gets_its_picture(boxes, tmp_path):
    for name in "ab":
        Image.new("L", (300, 400), 255).save(tmp_path / f"{name}.png")
    pages = pd.DataFrame({"image_id": ["a", "b"], "path": [str(tmp_path / "a.png"), str(tmp_path / "b.png")]})
    write_overlays(boxes, pages, FONTS, tmp_path / "out", processes=2)
    pictures = {name: np.asarray(Image.open(tmp_path / "out" / f"{name}.jpg").convert("L")) for name in "ab"}
    assert pictures["a"].min() < 150
    assert pictures["b"].min() > 250
