import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_for_tests import make_settings

from kuzushiji.common.errors import InputError
from kuzushiji.synthetic.drawn_page import draw_page
from kuzushiji.synthetic.layouts import read_layouts
from kuzushiji.synthetic.synthetic import Sources, plan_pages

SHIPPED = Path("resources/layouts/pages.parquet")
CORPUS = sorted(Path("resources/corpus").glob("*.txt"))


def write_layout(path, rows):
    columns = ["image_id", "codepoint", "x", "y", "width", "height"]
    pd.DataFrame(rows, columns=columns).to_parquet(path)
    return path


def two_columns(image_id="a", size=100):
    right = [(image_id, "U+3042", 500, y, size, size) for y in range(0, 800, 100)]
    return right + [(image_id, "U+4E00", 300, y, size, size // 2) for y in range(0, 800, 100)]


def test_pages_come_in_columns_from_the_right_at_a_width_of_one(tmp_path):
    layouts = read_layouts(write_layout(tmp_path / "pages.parquet", two_columns()))
    assert [[place.text for place in column] for column in layouts[0]] == [["あ"] * 8, ["一"] * 8]
    assert [place.y for place in layouts[0][0]] == list(range(8))
    assert {(place.x, place.width, place.height) for place in layouts[0][1]} == {(0.0, 1.0, 0.5)}


def test_pages_with_few_boxes_are_left_out(tmp_path):
    rows = two_columns() + two_columns("b")[:11]
    assert len(read_layouts(write_layout(tmp_path / "pages.parquet", rows))) == 1
    with pytest.raises(InputError, match="no page has 12 boxes"):
        read_layouts(write_layout(tmp_path / "few.parquet", rows[:5]))


def test_another_table_is_refused(tmp_path):
    pd.DataFrame({"image_id": ["a"]}).to_parquet(tmp_path / "other.parquet")
    for file in (tmp_path / "other.parquet", tmp_path / "missing.parquet", Path("README.md")):
        with pytest.raises(InputError, match="no table of boxes"):
            read_layouts(file)


@pytest.mark.parametrize("wrong", ["一", "U+4e00", "4E00", "U+D800", float("nan")])
def test_what_stands_in_place_of_a_codepoint_is_named(wrong, tmp_path):
    rows = [(*row[:1], wrong if number == 9 else row[1], *row[2:]) for number, row in enumerate(two_columns())]
    with pytest.raises(InputError, match=rf"pages\.parquet: codepoint: {re.escape(repr(wrong))} is none; write"):
        read_layouts(write_layout(tmp_path / "pages.parquet", rows))


def test_shipped_layouts_are_those_of_real_pages(tmp_path):
    table = pd.read_parquet(SHIPPED)
    pages = sorted(table["image_id"].unique())
    assert len(pages) == 400
    table[table["image_id"].isin(pages[::20])].to_parquet(tmp_path / "some.parquet")
    layouts = read_layouts(tmp_path / "some.parquet")
    assert len(layouts) == 20
    heights = np.array([place.height for layout in layouts for column in layout for place in column])
    assert 0.9 < np.median(heights) < 1.4


def test_a_page_follows_its_layout(tmp_path):
    """The known characters stand at their places, with the layout's boxes; other ones fill only the gaps."""
    rows = [row for row in two_columns() if row[3] not in (300, 400)]
    font = next(Path(importlib.util.find_spec("matplotlib_fontja").origin).parent.rglob("ipaexg.ttf"))
    layouts = write_layout(tmp_path / "pages.parquet", rows)
    style = {"font": "ipaexg", "tilt": 0, "ruby": 0, "joined": 0, "seals": 0, "variants": 0.5}
    settings = make_settings({"hana": {"pages": 2}}, style, width=640, height=896)
    (tmp_path / "charset.txt").write_text("あ一のにはをしてと月人心", encoding="utf-8")
    parents, charset = Path("resources/corpus/hentaigana.csv"), tmp_path / "charset.txt"
    sources = Sources([font], CORPUS, parents, charset=charset, layouts=layouts)
    plain, following = plan_pages(settings, sources)
    assert plain.layout is None and following.layout is not None
    _, characters = draw_page(following)
    bars = [character for character in characters if character.text == "一" and character.mask.shape[1] > 25]
    assert len(bars) >= 5
    steps = np.diff(sorted(character.y for character in bars))
    em = np.median([character.mask.shape[1] for character in bars])
    assert np.allclose(steps / em, np.rint(steps / em), atol=0.2)  # a character's width apart, or three at the gap
    assert len(characters) > len(rows) * 0.7
