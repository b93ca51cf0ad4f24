import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_for_tests import empty

from kuzushiji.evaluate.missing_labels import incomplete_pages, missing_labels, read_missing

PAGES = pd.DataFrame({"image_id": ["b 10", "b 2", "c"], "book": ["b", "b", "c"]})


def grid(places, image_id="b 2", codepoint="U+3042", probability=1.0, keep_probability=1.0):
    """Boxes of 40 x 50 pixels, which do not touch, at numbered places."""
    x, y = 100 * (np.asarray(places, int) % 5), 100 * (np.asarray(places, int) // 5)
    return pd.DataFrame(
        {
            "image_id": image_id,
            "box": np.arange(len(x)),
            "x_min": x,
            "y_min": y,
            "x_max": x + 40,
            "y_max": y + 50,
            "codepoint": codepoint,
            "probability": probability,
            "keep_probability": keep_probability,
            "kept": np.asarray(keep_probability) >= 0.5,
        }
    ).astype({"image_id": object, "codepoint": object, "kept": bool})


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=25), st.floats(0, 1))
def test_exactly_the_sure_boxes_without_a_label_are_listed_the_surest_first(boxes, least):
    """Wherever labels are taken away; another character's label is a label too."""
    shares = np.array(boxes, float).reshape(-1, 3)
    read = grid(range(len(boxes)), probability=shares[:, 0], keep_probability=shares[:, 1])
    labels = grid(range(len(boxes)), codepoint="U+3044")[shares[:, 2] > 0]
    found = missing_labels(read, labels, PAGES, least)
    sure = (read["probability"] * read["keep_probability"]).round(4)
    expected = (shares[:, 2] == 0) & (read["keep_probability"] >= 0.5) & (sure >= least)
    assert set(found["box"]) == set(np.flatnonzero(expected))
    assert found["confidence"].is_monotonic_decreasing
    assert (found["missing"] == expected.sum()).all() and (found["labels"] == len(labels)).all()


@pytest.mark.parametrize(
    ("label", "listed"),
    [
        ((0, 0, 40, 50), False),
        ((15, 20, 200, 300), False),  # holds the box's middle, not the other way round
        ((18, 22, 24, 28), False),  # a small one in the box's middle
        ((25, 0, 65, 50), True),  # beside it, though they overlap
    ],
)
def test_a_label_is_there_where_the_middle_of_one_lies_in_the_other(label, listed):
    truth = grid([0])
    truth[["x_min", "y_min", "x_max", "y_max"]] = label
    assert len(missing_labels(grid([0]), truth, PAGES, 0.5)) == listed
    assert len(missing_labels(grid([0]), truth.assign(image_id="c"), PAGES, 0.5)) == 1  # of another page


def test_equally_sure_boxes_come_in_the_order_of_pages_and_those_of_other_pages_do_not():
    read = pd.concat([grid([0, 1], page) for page in ("c", "b 10", "strange", "b 2")])
    found = missing_labels(read, grid([0], "c"), PAGES, 0.5)
    assert list(zip(found["image_id"], found["box"], strict=True)) == [
        ("b 2", 0), ("b 2", 1), ("b 10", 0), ("b 10", 1), ("c", 1),
    ]  # fmt: skip
    assert found["book"].tolist() == ["b"] * 4 + ["c"]
    assert found["character"].tolist() == ["あ"] * 5
    assert incomplete_pages(found).to_numpy().tolist() == [["b 10", "b", 2, 0], ["b 2", "b", 2, 0], ["c", "c", 1, 1]]


def test_pages_without_boxes_or_labels_give_a_table_that_can_be_read_back(tmp_path):
    nothing = missing_labels(empty("recognized"), empty("truth"), PAGES, 0.5)
    all_of_it = missing_labels(grid([0]), empty("truth"), PAGES, 0.5)
    assert (len(nothing), len(all_of_it), len(incomplete_pages(nothing))) == (0, 1, 0)
    assert missing_labels(empty("recognized"), grid([0]), PAGES, 0.5).empty
    for table in (nothing, all_of_it):
        table.to_csv(tmp_path / "missing.csv", index=False)
        assert read_missing(tmp_path / "missing.csv").to_numpy().tolist() == table.to_numpy().tolist()
