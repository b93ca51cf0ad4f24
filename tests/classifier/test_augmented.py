import numpy as np
import pandas as pd
import pytest
from crops_for_tests import CHARSET, SETTINGS, draw_crops
from PIL import Image

from kuzushiji.classifier.augmented import augmented


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    draw_crops(folder)
    return folder


def picture(folder, rows, settings, out):
    augmented([folder / "0.arrow"], rows, CHARSET, settings, out)
    return np.asarray(Image.open(out))


@pytest.mark.parametrize("channels", ["gray", "rgb"])
def test_a_picture_shows_crops_above_what_becomes_of_them(folder, tmp_path, channels):
    rows = pd.read_parquet(folder / "rows.parquet")
    still = {
        "jitter": dict.fromkeys(("brightness", "contrast", "saturation", "hue"), 0),
        "erasing": None,
        "mixing": None,
    }
    still |= {"channels": channels, "resize": [24, 24], "rotation": 0, "crop_scale": [1, 1], "crop_ratio": [1, 1]}
    shown = picture(folder, rows, {**SETTINGS, **still}, tmp_path / "one.png")
    # 4 batches of 2 lines of 12 crops of 24 pixels, 2 apart, three times as large.
    assert shown.shape == (3 * (8 * 26 + 2), 3 * (12 * 26 + 2), 3)
    lines = shown[6:].reshape(8, 78, *shown.shape[1:])
    np.testing.assert_array_equal(lines[::2], lines[1::2])  # nothing was to be changed
    lines = picture(folder, rows, SETTINGS, tmp_path / "other.png")[6:].reshape(8, 78, *shown.shape[1:])
    assert (lines[::2] != lines[1::2]).mean() > 0.3
    again = picture(folder, rows, SETTINGS, tmp_path / "again.png")[6:].reshape(8, 78, *shown.shape[1:])
    np.testing.assert_array_equal(again, lines)


def test_few_crops_are_shown_all(folder, tmp_path):
    rows = pd.read_parquet(folder / "rows.parquet")[:5]
    assert picture(folder, rows, SETTINGS, tmp_path / "one.png").shape[1] == 3 * (4 * 26 + 2)
