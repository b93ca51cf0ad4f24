import io
import logging
from pathlib import Path

import matplotlib_fontja
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from kuzushiji.common.fonts import render
from kuzushiji.publish.web_fonts import web_fonts

ROOT = Path(__file__).parents[2]
PLAIN = next((Path(matplotlib_fontja.__file__).parent / "fonts").glob("ipaexg.ttf"))


def draw(font, character):
    image = Image.new("L", (64, 64))
    loaded = ImageFont.truetype(io.BytesIO(font), 32, layout_engine=ImageFont.Layout.BASIC)
    ImageDraw.Draw(image).text((32, 32), character, fill=255, font=loaded, anchor="mm")
    return np.asarray(image)


def test_the_subset_draws_its_characters_as_the_font_does():
    (font,) = web_fonts("あ一、「", [PLAIN])
    assert font.startswith(b"wOFF")
    assert len(font) < 20_000
    kept = set(TTFont(io.BytesIO(font)).getBestCmap())
    assert set(map(ord, "あ一、「")) <= kept <= set(map(ord, "あ一、「」"))  # the closing bracket mirrors the other
    plain = TTFont(io.BytesIO(font))
    plain.flavor = None
    plain.save(unpacked := io.BytesIO())
    for character in "あ一":
        drawn = draw(unpacked.getvalue(), character)
        assert np.corrcoef(drawn.ravel(), render(PLAIN, character, 32).ravel())[0, 1] > 0.9  # it has no hints


def test_vertical_forms_come_along():
    (font,) = web_fonts("、「", [PLAIN])
    features = TTFont(io.BytesIO(font))["GSUB"].table.FeatureList.FeatureRecord
    assert "vert" in {feature.FeatureTag for feature in features}


def test_the_same_characters_give_the_same_bytes():
    assert web_fonts("あいう", [PLAIN]) == web_fonts("ういああ", [PLAIN])


def test_characters_that_no_font_has_are_named(caplog):
    with caplog.at_level(logging.WARNING):
        assert len(web_fonts("あ\u0f00", [PLAIN])) == 1
    assert "U+0F00" in caplog.text
    assert web_fonts("", [PLAIN]) == []


def test_characters_are_sought_in_all_fetched_fonts():
    fonts = sorted((ROOT / "resources" / "fonts").glob("*.ttf"))
    if not {"ipamjm", "HanaMinA", "HanaMinB"} <= {font.stem for font in fonts}:
        pytest.skip("resources/fonts lacks fonts that Debian has: run `bash envs/fonts.sh`")
    characters = "あ\U0001b002〱\U00022ce3"
    found = [set(TTFont(io.BytesIO(font)).getBestCmap()) for font in web_fonts(characters, fonts)]
    assert len(found) == 3
    assert set.union(*found) == set(map(ord, characters))
