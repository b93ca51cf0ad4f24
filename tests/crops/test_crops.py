import zlib

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.common.errors import InputError
from kuzushiji.crops.crops import cut_crops, open_crops, padded_box

PADDING = 0.05
WIDTH, HEIGHT = 300, 200


def truth(*rows):
    columns = ["image_id", "box", "x_min", "y_min", "x_max", "y_max", "codepoint"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def pages(tmp_path):
    rng = np.random.default_rng(0)
    paths = {}
    for name in ("a", "b"):
        paths[name] = tmp_path / f"{name}.png"
        cv2.imwrite(str(paths[name]), rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))
    return paths


def test_padding_is_rounded_half_to_even_for_each_axis_and_clipped():
    boxes = np.array([[100, 50, 150, 120], [100, 50, 130, 130], [0, 195, 20, 200], [290, 0, 300, 200]])
    expected = [[98, 46, 152, 124], [98, 46, 132, 134], [0, 195, 21, 200], [290, 0, 300, 200]]
    assert padded_box(boxes, WIDTH, HEIGHT, 0.05).tolist() == expected  # 2.5 and 3.5, 1.5 and 4, 1 and 0.25, 0.5 and 10


@given(
    st.integers(0, WIDTH - 1),
    st.integers(0, HEIGHT - 1),
    st.integers(1, WIDTH),
    st.integers(1, HEIGHT),
    st.floats(0, 0.5),
)
def test_a_padded_box_covers_the_box_and_stays_inside_the_page(left, top, width, height, padding):
    box = np.array([[left, top, min(left + width, WIDTH), min(top + height, HEIGHT)]])
    padded = padded_box(box, WIDTH, HEIGHT, padding)
    assert (padded[:, :2] <= box[:, :2]).all() and (padded[:, 2:] >= box[:, 2:]).all()
    assert padded.min() >= 0 and (padded <= [WIDTH, HEIGHT, WIDTH, HEIGHT]).all()


def test_crops_are_the_pixels_of_the_padded_boxes_sorted(pages, tmp_path):
    rows = [
        ("b", 1, 10, 10, 50, 60, "U+3042"),
        ("a", 0, 0, 0, 300, 200, "U+3044"),
        ("b", 0, 250, 100, 310, 220, "U+3046"),  # reaches over the edge
    ]
    cut_crops(truth(*rows), pages, tmp_path / "crops" / "0.arrow", PADDING)
    table = open_crops([tmp_path / "crops" / "0.arrow"])
    assert table["image_id"].to_pylist() == ["a", "b", "b"]
    assert table["box"].to_pylist() == [0, 0, 1]
    assert table["codepoint"].to_pylist() == ["U+3044", "U+3046", "U+3042"]
    assert table["checksum"].to_pylist() == [zlib.crc32(image) for image in table["image"].to_pylist()]
    page = cv2.imread(str(pages["b"]))
    crop = cv2.imdecode(np.frombuffer(table["image"][2].as_py(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(crop, page[8:62, 8:52])
    assert (table["width"][2].as_py(), table["height"][2].as_py()) == (44, 54)
    crop = cv2.imdecode(np.frombuffer(table["image"][1].as_py(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(crop, page[94:, 247:])


def test_files_are_concatenated_in_order_and_may_be_empty(pages, tmp_path):
    for name, rows in (("0", [("b", 0, 1, 1, 9, 9, "U+3042")]), ("1", []), ("2", [("a", 0, 1, 1, 9, 9, "U+3044")])):
        cut_crops(truth(*rows), pages, tmp_path / f"{name}.arrow", PADDING)
    table = open_crops([tmp_path / f"{name}.arrow" for name in "012"])
    assert table["image_id"].to_pylist() == ["b", "a"]
    assert len(open_crops([])) == 0


def test_a_box_that_covers_no_pixel_is_named_and_leaves_no_file(pages, tmp_path):
    rows = [("a", 0, 1, 1, 9, 9, "U+3042"), ("a", 7, 310, 5, 350, 40, "U+3042")]
    with pytest.raises(InputError, match="page a, box 7"):
        cut_crops(truth(*rows), pages, tmp_path / "0.arrow", PADDING)
    assert not list(tmp_path.glob("*.arrow")) and not list(tmp_path.glob(".*"))


def test_a_missing_page_is_named(pages, tmp_path):
    with pytest.raises(InputError, match="page c"):
        cut_crops(truth(("c", 0, 1, 1, 9, 9, "U+3042")), pages, tmp_path / "0.arrow", PADDING)
    pages["b"].write_bytes(b"cut off")
    with pytest.raises(InputError, match=r"b\.png"):
        cut_crops(truth(("b", 0, 1, 1, 9, 9, "U+3042")), pages, tmp_path / "0.arrow", PADDING)


def test_another_file_is_refused(tmp_path):
    (tmp_path / "0.arrow").write_text("text")
    for name in ("0.arrow", "missing.arrow"):
        with pytest.raises(InputError, match=name):
            open_crops([tmp_path / name])
