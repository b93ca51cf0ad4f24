import importlib.util
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.fonts import BRUSHES, find_font, font_with, has_ink, render, trim

CLASSES = Path(__file__).parents[3] / "shared/data/kaggle_meta/unicode_translation.csv"
ABSENT = "\U000e0100\U0010fffd\u0f00"  # a variation selector, private use, Tibetan


@pytest.fixture(scope="module")
def font():
    """The font that the lock installs, so that it is always there."""
    return next(Path(importlib.util.find_spec("matplotlib_fontja").origin).parent.rglob("ipaexg.ttf"))


def test_characters_of_the_font_have_ink_and_others_have_none(font):
    assert has_ink(font, "あ一月ゝ") == [True] * 4
    assert has_ink(font, "あ" + ABSENT + " \u3000") == [True] + [False] * 5


def test_every_font_at_hand_knows_kana_and_lacks_tibetan():
    fonts = sorted(Path("resources/fonts").glob("*.ttf"))
    if not fonts:
        pytest.skip("resources/fonts is empty: run `bash envs/fonts.sh`")
    for file in fonts:
        if file.stem not in {"HanaMinB", "yuji-hentaigana-akebono"}:  # which have the rare kanji, or kana, alone
            assert all(has_ink(file, "あいうのにはを月人")), file
        assert not any(has_ink(file, "\u0f00\U0010fffd")), file


def test_a_plain_font_goes_before_a_brush_and_any_font_before_none(font):
    for fonts in ((Path("a/brush.ttf"), font), (font, Path("a/brush.ttf"))):
        assert font_with("あ", fonts) == font
    assert font_with("\u0f00", (font,)) is None


def test_the_fetched_fonts_show_every_character_of_the_competition():
    fonts = tuple(sorted(Path("resources/fonts").glob("*.ttf")))
    if not {"ipamjm", "HanaMinA", "HanaMinB"} <= {file.stem for file in fonts}:
        pytest.skip("resources/fonts lacks fonts that Debian has: run `bash envs/fonts.sh`")
    assert all(font_with(mark, fonts) for mark in "〱〲〳〴〵ゝゞヽヾ々〻\U00020000")
    assert all(font_with(chr(code), fonts) for code in range(0x1B001, 0x1B11F)), "hentaigana"
    if not CLASSES.exists():
        pytest.skip("the rest needs the competition's unicode_translation.csv in ../shared/data/kaggle_meta")
    classes = pd.read_csv(CLASSES)["Unicode"]
    assert len(classes) == 4781
    assert [codepoint for codepoint in classes if not font_with(character(codepoint), fonts)] == []


def test_trim_leaves_the_ink_alone(font):
    drawn = render(font, "一", 40)
    part = trim(drawn)
    assert drawn.shape == (80, 80)
    assert part.sum() == drawn.sum()
    assert part.shape[0] < part.shape[1]
    assert all(side.any() for side in (part[0], part[-1], part[:, 0], part[:, -1]))


def test_a_font_is_found_by_its_stem_whatever_the_case(tmp_path):
    files = [tmp_path / "IPAexG.ttf", tmp_path / "yuji-boku.ttf"]
    assert find_font("ipaexg", files) == files[0]
    assert find_font("Yuji-Boku", map(str, files)) == files[1]


def test_a_missing_font_is_replaced_by_a_brush_with_a_warning(tmp_path, caplog):
    files = [tmp_path / "arial.ttf", tmp_path / f"{BRUSHES[0]}.ttf", tmp_path / f"{BRUSHES[2]}.ttf"]
    with caplog.at_level(logging.WARNING):
        chosen = {name: find_font(name, files) for name in "abcdefgh"}
    assert set(chosen.values()) == set(files[1:])
    assert chosen == {name: find_font(name, files[::-1]) for name in "abcdefgh"}
    assert "the font a is missing" in caplog.text
    assert "bash envs/fonts.sh" in caplog.text


def test_without_a_brush_any_font_serves(tmp_path, caplog):
    assert find_font("aoyagi-soseki", [tmp_path / "arial.ttf"]) == tmp_path / "arial.ttf"
    assert "arial.ttf takes its place" in caplog.text


def test_no_font_says_what_to_run():
    with pytest.raises(InputError, match=r"bash envs/fonts\.sh"):
        find_font("aoyagi-soseki", [])


def test_a_file_that_is_no_font_is_named(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "fake.png")
    with pytest.raises(InputError, match=r"fake\.png"):
        has_ink(tmp_path / "fake.png", "あ")
