from pathlib import Path

import matplotlib_fontja
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kuzushiji.common.score import scores
from kuzushiji.publish.examples import choose_examples, page_scores, write_examples

FONTS = sorted((Path(matplotlib_fontja.__file__).parent / "fonts").glob("*.ttf"))


def boxes(*rows: tuple[str, int, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["image_id", "x_min", "codepoint"])
    return table.assign(x_max=table["x_min"] + 20, y_min=10, y_max=40, box=range(len(table)))


def pages_of(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"image_id": ids})


TRUTH = boxes(("half", 0, "U+3042"), ("half", 50, "U+3044"), ("all", 0, "U+3042"), ("none", 0, "U+3042"))
READ = boxes(
    ("half", 0, "U+3042"), ("half", 50, "U+4E00"), ("half", 90, "U+4E00"), ("all", 0, "U+3042"), ("false", 0, "U+3042")
).assign(kept=[True, True, False, True, True], probability=0.9)
PAGES = pages_of("half", "all", "none", "false", "blank")


def test_pages_are_scored_by_what_was_kept():
    found = page_scores(READ, TRUTH, PAGES)
    assert found.drop("blank").to_dict() == {"half": 0.5, "all": 1.0, "none": 0.0, "false": 0.0}
    assert np.isnan(found["blank"])
    kept = READ[READ["kept"]]
    half = [table[table["image_id"] == "half"].reset_index(drop=True) for table in (kept, TRUTH)]
    assert found["half"] == scores(*half)["f1"]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=40), st.integers(1, 12))
def test_examples_lead_from_the_worst_to_the_best(values, count):
    scores = pd.Series(values, index=[f"page{number}" for number in range(len(values))], dtype=float)
    chosen = choose_examples(pages_of(*scores.index), scores, count)
    known = scores.dropna()
    f1 = [score for _, score in chosen]
    assert len({image_id for image_id, _ in chosen}) == len(chosen) == min(count, len(known))
    assert f1 == sorted(f1) and all(known[image_id] == score for image_id, score in chosen)
    if len(chosen) > 1:
        assert (f1[0], f1[-1]) == (known.min(), known.max())


@pytest.mark.parametrize("count", [1, 3, 9])
def test_without_labels_they_are_spread_over_the_pages(count):
    ids = [f"page{number}" for number in range(9)]
    chosen = choose_examples(pages_of(*ids), None, count)
    assert [score for _, score in chosen] == [None] * count
    assert [ids.index(image_id) for image_id, _ in chosen] == {1: [0], 3: [0, 4, 8], 9: list(range(9))}[count]


@pytest.mark.parametrize(
    ("truth", "names"),
    [(TRUTH, ["01__0.000__none.jpg", "02__0.500__half.jpg", "03__1.000__all.jpg"]), (None, ["01__-__half.jpg"])],
)
def test_examples_are_small_and_tell_page_and_score(tmp_path, truth, names):
    pages = PAGES[PAGES["image_id"].isin(["half", "all", "none"])].assign(path=str(tmp_path / "page.png"))
    Image.new("RGB", (300, 600), "white").save(tmp_path / "page.png")
    settings = {"examples": len(names), "max_side": 200}
    write_examples(READ, truth, pages, FONTS, tmp_path / "examples", settings)
    assert sorted(path.name for path in (tmp_path / "examples").iterdir()) == names
    for name in names:
        assert Image.open(tmp_path / "examples" / name).size == (100, 200)
    drawn = np.asarray(Image.open(tmp_path / "examples" / names[-1])).astype(int)
    assert (drawn < 200).any()  # boxes
