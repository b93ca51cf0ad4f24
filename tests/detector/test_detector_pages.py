import cv2
import numpy as np
import pytest
import torch
from detector_for_tests import SETTINGS, draw_pages

from kuzushiji.common.errors import InputError
from kuzushiji.detector.pages import RandomColor, TrainingPages, loader
from kuzushiji.detector.torch_pages import TorchPages

KINDS = pytest.mark.parametrize("kind", [TrainingPages, TorchPages])


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return draw_pages(tmp_path_factory.mktemp("pages"))


def corners(sample):
    """The boxes (n, 4) of a sample, which mmdet's transforms wrap."""
    boxes = sample.gt_instances.bboxes
    return getattr(boxes, "tensor", boxes).numpy()


@KINDS
def test_batches_depend_on_the_step_alone(pages, kind):
    settings = SETTINGS["training"] | {"images_per_step": 2}

    def pixels(start, rank, ranks, steps):
        batches = iter(loader(kind(pages, settings), settings, start, rank, ranks))
        return [image for _ in range(steps) for image in next(batches)["inputs"]]

    def equal(first, second):
        return len(first) == len(second) and all(torch.equal(a, b) for a, b in zip(first, second, strict=True))

    whole = pixels(0, 0, 1, 4)
    assert equal(pixels(2, 0, 1, 2), whole[4:])
    assert equal(pixels(0, 1, 2, 4), whole[1::2])
    assert not equal(pixels(0, 0, 1, 4), pixels(1, 0, 1, 4))


@KINDS
def test_every_page_is_drawn_once_an_epoch_at_every_size(pages, kind):
    batches = iter(loader(kind(pages, SETTINGS["training"]), SETTINGS["training"], 0, 0, 1))
    drawn = [next(batches)["data_samples"][0] for _ in range(40)]
    for epoch in range(10):
        assert {sample.img_path for sample in drawn[4 * epoch : 4 * epoch + 4]} == {page[0] for page in pages}
    assert {min(sample.img_shape) for sample in drawn} == {64, 96}


@KINDS
def test_boxes_follow_their_page(pages, kind):
    sample = kind(pages, SETTINGS["training"])[1, 0]["data_samples"]
    height, width = sample.img_shape
    scale = np.array([width / 90, height / 110] * 2)
    np.testing.assert_allclose(corners(sample), pages[1][1] * scale, rtol=1e-5)
    assert sample.gt_instances.labels.tolist() == [0] * 6
    assert len(kind(pages, SETTINGS["training"])[0, 0]["data_samples"].gt_instances) == 0


@KINDS
def test_a_window_of_the_page_has_its_boxes_and_no_others(pages, kind):
    cropped = kind(pages, SETTINGS["training"] | {"short_sides": [90], "crop": 50})
    counts = set()
    for draw in range(20):
        item = cropped[1, draw]
        boxes = corners(item["data_samples"])
        assert item["inputs"].shape == (3, 50, 50)
        assert (boxes >= 0).all() and (boxes <= 50).all() and (boxes[:, 2:] > boxes[:, :2]).all()
        whole = boxes[(boxes[:, 2:] - boxes[:, :2] > 8).all(axis=1)]  # not cut to a strip
        for x_min, y_min, x_max, y_max in whole.round().astype(int):  # a square is dark, the page is light
            assert item["inputs"][:, y_min + 2 : y_max - 2, x_min + 2 : x_max - 2].float().mean() < 120
        counts.add(len(boxes))
    assert len(counts) > 1
    assert cropped[0, 0]["inputs"].shape == (3, 50, 50)  # a page without boxes
    larger = kind(pages, SETTINGS["training"] | {"short_sides": [90], "crop": 500})
    assert larger[1, 0]["inputs"].shape == (3, 110, 90)


@KINDS
def test_a_page_lies_on_a_larger_sheet(pages, kind):
    still = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    expand = {"probability": 0.7, "ratio": 1.5, "grays": [100, 140]}
    settings = SETTINGS["training"] | {"short_sides": [90], "jitter": still, "grayscale": 0, "expand": expand}
    expanded = kind(pages, settings)
    shapes, grays = set(), set()
    for draw in range(20):
        item = expanded[1, draw]
        image, boxes = item["inputs"].float(), corners(item["data_samples"])
        height, width = shape = image.shape[1:]
        assert 90 <= width <= 135 and 110 <= height <= 165
        np.testing.assert_allclose(boxes[:, 2:] - boxes[:, :2], pages[1][1][:, 2:] - pages[1][1][:, :2], rtol=1e-3)
        assert len(boxes) == 6
        for x_min, y_min, x_max, y_max in boxes.round().astype(int):
            assert image[:, y_min + 2 : y_max - 2, x_min + 2 : x_max - 2].mean() < 60  # darker than both sheets
        shapes.add(tuple(shape))
        grays |= set(image[0].unique().tolist()) & {100, 140}
    assert len(shapes) > 10 and (90, 110) not in shapes and (110, 90) in shapes
    assert grays == {100, 140}
    windows = kind(pages, settings | {"crop": 40, "expand": expand | {"probability": 1, "ratio": 4}})
    views = [windows[1, draw] for draw in range(30)]
    assert {tuple(view["inputs"].shape) for view in views} == {(3, 40, 40)}
    beside = [view for view in views if view["inputs"].unique().numel() == 1]
    assert beside and all(len(corners(view["data_samples"])) == 0 for view in beside)


def test_views_on_the_device_are_like_those_of_mmdet(pages):
    still = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    settings = SETTINGS["training"] | {"short_sides": [60], "jitter": still, "grayscale": 0}
    expected, found = (kind(pages, settings)[1, 0]["inputs"].float() for kind in (TrainingPages, TorchPages))
    assert found.shape == expected.shape and (found - expected).abs().max() <= 1


def test_a_page_is_read_once_on_the_device(pages, monkeypatch):
    read = []
    reader = "kuzushiji.detector.torch_pages.read_denoised"
    monkeypatch.setattr(reader, lambda path: read.append(path) or cv2.imread(path))
    views = TorchPages(pages, SETTINGS["training"])
    assert all(views[page, draw]["inputs"].any() for page in range(4) for draw in range(3))
    assert sorted(read) == sorted(page[0] for page in pages)


@KINDS
def test_colors_differ_from_draw_to_draw_and_stay_in_order(pages, kind):
    colorful = SETTINGS["training"] | {"short_sides": [90], "grayscale": 0}
    colorful["jitter"] = {"brightness": 0.2, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    means = {round(kind(pages, colorful)[0, draw]["inputs"].float().mean().item(), 2) for draw in range(6)}
    assert len(means) == 6
    gray = kind(pages, colorful | {"grayscale": 1.0})[1, 0]["inputs"]
    assert torch.equal(gray[0], gray[1]) and torch.equal(gray[1], gray[2])


def test_colors_keep_the_order_of_channels():
    image = np.broadcast_to(np.array([200, 10, 60], np.uint8), (4, 4, 3)).copy()
    still = {"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}
    assert (RandomColor(still, 0.0).transform({"img": image})["img"] == image).all()
    assert abs(RandomColor(still, 1.0).transform({"img": image})["img"].astype(int) - 47).max() <= 1


@pytest.mark.parametrize(
    "box, message", [([5.0, 5, 5, 9], "box 1 of the labels"), ([95.0, 5, 120, 9], "box 1"), ([np.nan] * 4, "box 1")]
)
def test_a_box_without_area_on_the_page_is_named(pages, box, message):
    path, boxes, width, height = pages[1]
    broken = np.vstack([boxes[:1], [box]])
    with pytest.raises(InputError, match=rf"1\.png: {message}"):
        TrainingPages([(path, broken, width, height)], SETTINGS["training"])
