import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.text import page_text, reading_order, write_text


def page(columns: int, rows: int, jitter: float, seed: int) -> pd.DataFrame:
    """Characters of 40 pixels in columns 80 pixels apart, from the right, in reading order."""
    rng = np.random.default_rng(seed)
    column, row = (axis.ravel() for axis in np.meshgrid(range(columns), range(rows), indexing="ij"))
    x = 1000 - 80 * column + rng.uniform(-jitter, jitter, column.size)
    y = 100 + 50 * row + rng.uniform(-jitter, jitter, column.size)
    boxes = pd.DataFrame({"x_min": x, "y_min": y, "x_max": x + 40, "y_max": y + 40})
    boxes["codepoint"] = [f"U+{0x4E00 + number:04X}" for number in range(len(boxes))]
    return boxes


@given(st.integers(1, 8), st.integers(1, 20), st.floats(0, 6), st.integers(0, 999))
def test_columns_are_read_from_the_right_and_downwards_whatever_the_order_of_boxes(columns, rows, jitter, seed):
    boxes = page(columns, rows, jitter, seed)
    ordered = reading_order(boxes.sample(frac=1, random_state=seed))
    assert ordered["codepoint"].tolist() == boxes["codepoint"].tolist()
    assert ordered["column"].nunique() == columns


def test_a_gap_within_a_column_does_not_make_another_column():
    boxes = page(2, 10, 0, 0).drop(index=[3, 4, 5])
    assert page_text(boxes).count("\n") == 2


def test_rejected_boxes_leave_no_text_and_empty_pages_get_a_file(tmp_path):
    boxes = page(1, 3, 0, 0).assign(image_id="a", kept=[True, False, True])
    write_text(boxes, ["a", "b"], tmp_path / "text")
    assert (tmp_path / "text" / "a.txt").read_text() == "一丂\n"
    assert (tmp_path / "text" / "b.txt").read_text() == ""
