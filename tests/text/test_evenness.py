"""What tells type from a hand."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transcripts_for_tests import columns

from kuzushiji.text.evenness import unevenness
from kuzushiji.text.reading_order import reading_order

SHARED = Path(__file__).parents[3] / "shared/data"


def test_distances_and_widths_vary_as_they_were_made_to():
    found = unevenness(pd.concat([columns("even", 0), columns("ragged", 5, 0), columns("broad", 0, 5)]))
    assert found.loc["even"].tolist() == [0, 0]
    assert found.loc["ragged", "spacing"] > 0.05 and found.loc["ragged", "size"] == 0
    assert found.loc["broad", "spacing"] == 0 and found.loc["broad", "size"] > 0.05


@given(st.floats(0.2, 5), st.floats(-500, 500), st.integers(0, 9))
def test_it_depends_on_no_scale_place_or_order_of_rows(scale, shift, seed):
    page = columns("a", 6, seed=seed)
    corners = ["x_min", "y_min", "x_max", "y_max"]
    moved = page.assign(**{name: page[name] * scale + shift for name in corners}).sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(unevenness(moved), unevenness(page))


def test_short_columns_and_ruby_say_nothing():
    page = columns("a", 0)
    assert unevenness(page[page["y_min"] < 200]).empty
    assert unevenness(page.assign(role="ruby")).empty


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data with the layouts of real pages is not there")
def test_no_page_of_a_manuscript_or_wooden_block_passes_for_type():
    boxes = pd.read_parquet(SHARED / "layout/genji_50_pages.parquet")
    other = pd.read_csv(SHARED / "layout/dkds_pages_12_books.csv").rename(columns={"image_name": "image_id"})
    other = other.rename(columns={f"bbox_{name}": name for name in ("x", "y", "width", "height")})
    boxes = pd.concat([boxes, other])[["image_id", "x", "y", "width", "height"]].dropna()
    boxes = boxes.assign(x_min=boxes["x"], y_min=boxes["y"])
    boxes = boxes.assign(x_max=boxes["x"] + boxes["width"], y_max=boxes["y"] + boxes["height"])
    pages = [
        reading_order(page.reset_index(drop=True)).assign(image_id=name) for name, page in boxes.groupby("image_id")
    ]
    found = unevenness(pd.concat(pages))
    assert len(found) == 62
    assert not ((found["spacing"] < 0.05) & (found["size"] < 0.1)).any()
