import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from published_files import GOLDEN, Touch, box_list, save

from kuzushiji.common.errors import InputError
from kuzushiji.detector.detect import resized
from kuzushiji.published.import_detections import import_detections

SAMPLE = GOLDEN / "boxlist_sample.pth"
# Pages that the detector saw at the sizes in the golden file.
PAGES = pd.DataFrame({"image_id": ["a", "b", "c"], "width": [750, 1428, 400], "height": [1000, 2000, 480]})
ORDER = ["c", "a", "b"]
CORNERS = ["x_min", "y_min", "x_max", "y_max"]


def imported(content, tmp_path, pages=PAGES, order=ORDER):
    source = content if content is SAMPLE else save(content, tmp_path / "test_060000.pth")
    (tmp_path / "test_images.list").write_text("".join(f"{image_id}\n" for image_id in order))
    return import_detections(source, tmp_path / "test_images.list", pages, 6000)


def refused(content, tmp_path, **changes):
    with pytest.raises(InputError) as caught:
        imported(content, tmp_path, **changes)
    return str(caught.value)


@pytest.fixture
def three():
    return [box_list([[1, 2, 3, 4]], size) for size in [(320, 384), (2500, 3333), (2500, 3501)]]


def test_boxes_come_to_their_pages_in_order_and_in_page_pixels(tmp_path):
    golden = pd.read_parquet(GOLDEN / "boxlist_expected.parquet")
    found = imported(SAMPLE, tmp_path)
    assert found.groupby("image_id").size().to_dict() == {"b": 120, "c": 352}  # a has none
    for place, image_id in enumerate(ORDER):
        page, boxes = PAGES.set_index("image_id").loc[image_id], found[found["image_id"] == image_id]
        original = golden[golden["page"] == place]
        assert boxes["box"].tolist() == original["row"].tolist() == list(range(len(original)))
        np.testing.assert_array_equal(boxes["detector_score"], original["score"])
        scale = page[["width", "height", "width", "height"]].to_numpy(float) / (
            original[["image_width", "image_height"] * 2].to_numpy(float)
        )
        np.testing.assert_allclose(boxes[CORNERS], original[["x1", "y1", "x2", "y2"]] * scale, rtol=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 4000), st.integers(1, 4000), st.integers(100, 2500), st.integers(0, 5)),
        min_size=1,
        max_size=4,
    )
)
def test_any_page_size_is_brought_back(tmp_path_factory, drawn):
    pages = pd.DataFrame(
        [(f"page{number}", width, height) for number, (width, height, *_) in enumerate(drawn)],
        columns=["image_id", "width", "height"],
    )
    # Each page holds `count` boxes of a quarter of its sides.
    lists = []
    for width, height, short_side, count in drawn:
        size = resized(width, height, short_side, 6000)
        lists.append(box_list([[size[0] / 4, size[1] / 4, size[0] / 2, size[1] / 2]] * count, size))
    found = imported(lists, tmp_path_factory.mktemp("boxes"), pages, pages["image_id"].tolist())
    assert len(found) == sum(count for *_, count in drawn)
    at = found.merge(pages, on="image_id")
    for corner, side, share in zip(CORNERS, ["width", "height"] * 2, [4, 4, 2, 2], strict=True):
        np.testing.assert_allclose(at[corner], at[side] / share, rtol=1e-5)


@pytest.mark.parametrize("zipped", [False, True])
def test_no_code_in_a_file_is_run(three, tmp_path, zipped):
    vars(three[0])["mode"] = Touch(tmp_path / "ran")
    path = tmp_path / "test.pth"
    torch.save(three, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"asks for posix.system, which was not run"):
        import_detections(path, tmp_path / "none", PAGES, 6000)
    assert not (tmp_path / "ran").exists()
    torch.load(path, weights_only=False)  # the same file would run it elsewhere
    assert (tmp_path / "ran").exists()


def test_the_number_and_names_of_pages_must_agree(three, tmp_path):
    assert "has the boxes of 2 pages" in refused(three[:2], tmp_path)
    assert "test_images.list names 3" in refused(three[:2], tmp_path)
    found = refused(three, tmp_path, pages=PAGES.replace({"image_id": {"b": "d"}}))
    assert "1 are missing (d), 1 are not of it (b)" in found
    assert "each once" in refused(three, tmp_path, order=["a", "b", "b"], pages=PAGES[:2])
    save(three, tmp_path / "boxes.pth")
    with pytest.raises(InputError, match=r"none.list: the list of page ids cannot be read"):
        import_detections(tmp_path / "boxes.pth", tmp_path / "none.list", PAGES, 6000)


def test_boxes_of_other_pages_are_told_by_their_size(three, tmp_path):
    found = refused(three, tmp_path, order=["a", "c", "b"])
    assert "page a: was seen as (320, 384) pixels, but has 750x1000: other scans, or another order" in found
    assert "page c: was seen as (2500, 3333) pixels, but has 400x480" in found
    assert "page b" not in found
    pages = pd.DataFrame({"image_id": [f"p{number}" for number in range(8)], "width": 100, "height": 999})
    found = refused([three[0]] * 8, tmp_path, pages=pages, order=pages["image_id"].tolist())
    assert "page p4: was seen" in found and "page p5" not in found and found.endswith("; and 3 pages more")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": None}, "lacks boxes as corners"),
        ({"mode": "xywh"}, "lacks boxes as corners"),
        ({"extra_fields": {"scores": torch.ones(1)}}, "lacks boxes as corners, their scores or their labels"),
        ({"bbox": torch.ones(2, 4)}, r"of the shapes (2, 4), (1,), (1,)"),
        ({"bbox": torch.full((1, 4), torch.inf)}, "no numbers"),
        ({"extra_fields": {"scores": torch.ones(1), "labels": torch.zeros(1)}}, "labels that are no characters"),
        ({"size": (320,)}, "was seen as (320,) pixels"),
        ({"size": "large"}, "was seen as large pixels"),
    ],
)
def test_what_is_wrong_with_a_page_is_told(three, tmp_path, change, message):
    vars(three[0]).update(change)
    found = refused(three, tmp_path)
    assert "page c: " in found and message in found
    assert "page a" not in found and "page b" not in found


def test_other_files_are_named(tmp_path):
    assert "not a list of boxes by page" in refused({"model": {}}, tmp_path)
    assert "not a list of boxes by page" in refused([torch.ones(1, 4)], tmp_path)
    (tmp_path / "text.pth").write_text("<html>")
    with pytest.raises(InputError, match=r"text.pth: cannot be read: it is damaged, or no PyTorch file"):
        import_detections(tmp_path / "text.pth", tmp_path / "none", PAGES, 6000)
