from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import SCHEMAS, read_table, write_table
from kuzushiji.detector import detect as module
from kuzushiji.detector.detect import batches_of, detect, detect_page, passes, resized
from kuzushiji.detector.model import KIND, build_model, plain, read_denoised
from kuzushiji.detector.parts import parts

CONFIG = yaml.safe_load(Path("config.yaml").read_text())
GOLDEN = Path(__file__).parents[1] / "golden"
PUBLISHED = CONFIG["detect"] | CONFIG["detect"]["modes"]["full"] | {"model": None}
ONE_PASS = PUBLISHED | {"first_short_side": 64, "short_sides": [], "grayscale": False, "proposals": 40}
SEVERAL = ONE_PASS | {"short_sides": [48, 80], "grayscale": True}
MODEL = CONFIG["detector_trainings"]["faster_rcnn"]["model"] | {
    "depth": 18,
    "pretrained": False,
    "neck_channels": 8,
    "anchor_sizes": [4],
    "pixel_mean": [128.0] * 3,
    "pixel_std": [500.0] * 3,
}


pytestmark = pytest.mark.usefixtures("one_thread")


def write_checkpoint(path, settings):
    torch.manual_seed(0)
    model = build_model(settings)
    model.init_weights()
    # Boxes of all scores, not only of about one half.
    torch.nn.init.normal_(model.roi_head.bbox_head.fc_cls.weight, std=0.1)
    torch.save({"kind": KIND, "settings": plain(settings), "iteration": 7, "state_dict": model.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("detector") / "000007.pth", MODEL)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder, draw = tmp_path_factory.mktemp("pages"), np.random.default_rng(0)
    for number, shape in enumerate([(90, 70), (70, 90), (64, 64)]):
        cv2.imwrite(str(folder / f"page{number}.png"), draw.integers(0, 256, (*shape, 3), np.uint8))
    return [(path.stem, path) for path in sorted(folder.iterdir())]


def fake(monkeypatch, propose, components="modern", offset=None):
    """Let `propose(image)` speak for the network."""
    seen = []

    def proposed(model, images):
        found = []
        for image in images.numpy():
            seen.append(image)
            boxes, scores = propose(image)
            boxes = torch.tensor(np.array(boxes), dtype=torch.float32).reshape(-1, 4)
            found.append((boxes, torch.tensor(scores, dtype=torch.float32)))
        return found

    monkeypatch.setattr(module, "propose", proposed)
    rules = parts(components).merging()
    if offset is not None:
        rules["offset"] = offset
    return SimpleNamespace(merging=rules), seen


def test_the_published_passes():
    """One first pass, then sixteen sizes in color and in gray."""
    assert len(passes(PUBLISHED)) == 33
    assert passes(PUBLISHED)[:3] == [(2500, False), (1000, False), (1000, True)]
    assert passes(PUBLISHED)[-2:] == [(2500, False), (2500, True)]
    assert sum(gray for _, gray in passes(PUBLISHED)) == 16
    assert passes(PUBLISHED | {"grayscale": False, "short_sides": [7]}) == [(2500, False), (7, False)]
    assert passes(ONE_PASS) == [(64, False)]
    assert (PUBLISHED["score"], PUBLISHED["nms_iou"], PUBLISHED["max_detections"]) == (0.05, 0.5, 1300)
    assert PUBLISHED["max_long_side"] == 6000


def test_sizes_truncate_the_long_side_and_keep_it_below_its_maximum():
    assert resized(1000, 1999, 333, 6000) == (333, 665)  # 665.667
    assert resized(1999, 1000, 333, 6000) == (665, 333)
    assert resized(1000, 4000, 2500, 6000) == (1500, 6000)
    assert resized(500, 500, 2500, 6000) == (2500, 2500)


@given(width=st.integers(1, 9000), height=st.integers(1, 9000), side=st.integers(1, 2500), most=st.integers(2500, 6000))
def test_a_resized_page_keeps_within_its_limits(width, height, side, most):
    small, large = sorted(resized(width, height, side, most))
    assert 1 <= small <= side and small <= large <= most
    if large < most - max(width, height) / min(width, height):
        assert small == side


def test_boxes_of_all_passes_come_back_to_page_pixels(monkeypatch):
    """A box known on the page, shown at each pass's own scale."""
    truth = np.array([30.0, 20.0, 70.0, 90.0])
    scores = iter([0.6, 0.7, 0.9, 0.8, 0.5])

    def propose(image):
        height, width = image.shape[:2]
        return [truth * [width / 101, height / 203, width / 101, height / 203]], [next(scores)]

    model, seen = fake(monkeypatch, propose)
    boxes, found = detect_page(model, np.zeros((203, 101, 3), np.uint8), SEVERAL)
    assert [image.shape for image in seen] == [(128, 64, 3), (96, 48, 3), (96, 48, 3), (160, 80, 3), (160, 80, 3)]
    np.testing.assert_allclose(boxes, [truth], rtol=1e-5)
    np.testing.assert_allclose(found, [0.9], rtol=1e-6)  # one of five that overlap, the best
    assert boxes.dtype == found.dtype == np.float32


@pytest.mark.parametrize("components", ["modern", "legacy"])
def test_gray_passes_are_gray_and_color_passes_keep_the_order_of_channels(monkeypatch, components):
    model, seen = fake(monkeypatch, lambda image: ([], []), components)
    image = np.broadcast_to(np.array([200, 10, 60], np.uint8), (90, 70, 3)).copy()
    boxes, scores = detect_page(model, image, SEVERAL)
    assert boxes.shape == (0, 4) and scores.shape == (0,)
    for image, (_, gray) in zip(seen, passes(SEVERAL), strict=True):
        expected = [47, 47, 47] if gray else [200, 10, 60]  # .114 blue, .587 green, .299 red
        assert abs(image.reshape(-1, 3).astype(int) - expected).max() <= 1


def test_boxes_are_clipped_and_slivers_dropped(monkeypatch):
    boxes = [[-5, -5, 20, 20], [50, 50, 99, 99], [10, 10, 10.9, 40], [10, 30, 40, 30.5], [70, 5, 90, 20]]
    model, _ = fake(monkeypatch, lambda image: (boxes, [0.5, 0.9, 0.8, 0.7, 0.6]))
    found, scores = detect_page(model, np.zeros((64, 64, 3), np.uint8), ONE_PASS)
    np.testing.assert_allclose(found, [[50, 50, 64, 64], [0, 0, 20, 20]])
    np.testing.assert_allclose(scores, [0.9, 0.5])


def test_legacy_boxes_keep_their_order_and_their_slivers(monkeypatch):
    """As published: what stays of two passes comes in the order of the proposals, also where some tie for the last."""
    found = iter(
        [
            ([[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 40, 9], [0, 30, 9, 39]], [0.4, 0.9, 0.6, 0.5]),
            ([[0, 0, 9, 9], [20, 20, 29, 29], [40, 40, 49, 38]], [0.8, 0.7, 0.6]),
        ]
    )
    model, _ = fake(monkeypatch, lambda image: next(found), "legacy")
    settings = ONE_PASS | {"short_sides": [64], "grayscale": True, "max_detections": 4}
    boxes, scores = detect_page(model, np.zeros((64, 64, 3), np.uint8), settings)
    np.testing.assert_allclose(scores, [0.9, 0.6, 0.8, 0.7, 0.6])
    expected = [[20, 0, 29, 9], [40, 0, 40, 9], [0, 0, 9, 9], [20, 20, 29, 29], [40, 40, 49, 38]]
    np.testing.assert_allclose(boxes, expected)


def test_scores_below_the_threshold_neither_stay_nor_suppress(monkeypatch):
    boxes = [[0, 0, 20, 20], [30, 30, 50, 50], [30, 30, 50, 51]]
    model, _ = fake(monkeypatch, lambda image: (boxes, [0.04, 0.06, 0.03]))
    found, _ = detect_page(model, np.zeros((64, 64, 3), np.uint8), ONE_PASS)
    np.testing.assert_allclose(found, [[30, 30, 50, 50]])


def test_suppression_asks_the_model_how_wide_a_box_is(monkeypatch):
    boxes = [[0, 0, 9, 9], [0, 5, 9, 9]]  # overlap by 36 of 81, or 50 of 100 with a pixel more
    for offset, count in [(0, 2), (1, 1)]:
        model, _ = fake(monkeypatch, lambda image: (boxes, [0.9, 0.8]), offset=offset)
        page = np.zeros((64, 64, 3), np.uint8)
        assert len(detect_page(model, page, ONE_PASS | {"nms_iou": 0.47})[0]) == count


def test_the_most_probable_boxes_stay_with_what_ties(monkeypatch):
    boxes = [[10 * i, 0, 10 * i + 8, 8] for i in range(6)]
    model, _ = fake(monkeypatch, lambda image: (boxes, [0.3, 0.9, 0.5, 0.5, 0.8, 0.5]))
    page = np.zeros((64, 64, 3), np.uint8)
    _, scores = detect_page(model, page, ONE_PASS | {"max_detections": 3})
    np.testing.assert_allclose(scores, [0.9, 0.8, 0.5, 0.5, 0.5])
    assert len(detect_page(model, page, ONE_PASS | {"max_detections": 6})[0]) == 6


def test_a_detection_does_not_depend_on_the_other_pages(checkpoint, pages, tmp_path):
    together = detect(checkpoint, pages, SEVERAL)
    apart = [detect(checkpoint, [page], SEVERAL) for page in reversed(pages)]
    assert together.groupby("image_id").size().min() > 1
    pd.testing.assert_frame_equal(together, pd.concat(apart[::-1], ignore_index=True))
    for _, page in together.groupby("image_id"):
        assert page["box"].tolist() == list(range(len(page)))
        assert page["detector_score"].is_monotonic_decreasing
        assert (page["detector_score"] >= np.float32(SEVERAL["score"])).all()
    write_table(together, tmp_path / "a.parquet", "detections")
    pd.testing.assert_frame_equal(read_table(tmp_path / "a.parquet", "detections"), together, check_dtype=False)


@pytest.mark.parametrize(
    "change", [{"batch_megapixels": 1e-9}, {"batch_megapixels": 0.009}, {"workers": 1}, {"workers": 3}]
)
def test_a_detection_does_not_depend_on_batches_or_processes(checkpoint, pages, change, monkeypatch):
    sizes = []
    propose = module.propose
    monkeypatch.setattr(module, "propose", lambda model, images: sizes.append(len(images)) or propose(model, images))
    settings = SEVERAL | {key: value for key, value in change.items() if key != "workers"}
    usual, changed = detect(checkpoint, pages, SEVERAL), detect(checkpoint, pages, settings, change.get("workers", 0))
    # The networks' sums depend on the batch in their last bits.
    pd.testing.assert_frame_equal(usual, changed, check_exact="workers" in change)
    # Three pages of five views each: by default one alone, and two pairs of a size.
    alone = {1e-9: 15, 0.009: 9}.get(change.get("batch_megapixels"), 3)
    assert (sizes.count(1), sizes.count(2)) == (3 + alone, 6 + (15 - alone) // 2)


@pytest.mark.parametrize("change", [{}, {"neck_channels": 0, "anchor_sizes": [8, 16]}])
def test_precision_is_that_of_the_settings_and_boxes_stay_exact(change, tmp_path, pages):
    """Of a feature pyramid, and of a head that all boxes share."""
    model = MODEL | change
    path = write_checkpoint(tmp_path / "000007.pth", model)
    settings = ONE_PASS | {"score": 0.0, "proposals": 5}
    exact, rounded = (detect(path, pages[:1], settings | {"precision": name}) for name in ("float32", "bfloat16"))
    assert len(exact) and not exact.equals(rounded)
    assert abs(exact["detector_score"].mean() - rounded["detector_score"].mean()) < 0.05
    corners = torch.from_numpy(rounded[["x_min", "detector_score"]].to_numpy())
    assert (corners != corners.bfloat16().float()).any(dim=0).all()
    with pytest.raises(InputError, match="precision: float16 needs a GPU"):
        detect(path, pages[:1], settings | {"precision": "float16"})


@pytest.mark.parametrize("change", [{}, {"neck_channels": 0, "anchor_sizes": [8, 16]}])
def test_a_faster_network_finds_the_same_boxes(change, tmp_path, pages):
    path = write_checkpoint(tmp_path / "000007.pth", MODEL | change)
    checkpoint = torch.load(path, weights_only=True)
    generator = torch.Generator().manual_seed(0)
    for name, value in checkpoint["state_dict"].items():  # as training leaves them
        if name.endswith("running_mean"):
            value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
        elif name.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    torch.save(checkpoint, path)
    settings = ONE_PASS | {"proposals": 10}
    usual, fast = (detect(path, pages, settings | {"faster": ways}) for ways in ([], ["fold_norm", "channels_last"]))
    assert len(usual) > 5
    pd.testing.assert_frame_equal(usual, fast, check_exact=False, atol=1e-3, rtol=1e-4)
    model = module.ready(path, settings | {"faster": ["fold_norm", "channels_last"]})
    for part in module.feature_parts(model):
        assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in part.modules())
    assert model.backbone.conv1.weight.is_contiguous(memory_format=torch.channels_last)
    with pytest.raises(InputError, match=r"detect\.faster: unknown fold; choose from fold_norm"):
        detect(path, pages, settings | {"faster": ["fold"]})


@pytest.mark.parametrize("gray_last", [False, True])
def test_pages_are_resized_by_torch_almost_as_by_pillow(gray_last):
    image = read_denoised(GOLDEN / "denoise_output.png")
    settings = PUBLISHED | {"first_short_side": 320, "short_sides": [250, 500]}
    for exact, fast in zip(
        *(batches_of(image, settings | {"resize": name}, gray_last) for name in ("pillow", "torch")), strict=True
    ):
        assert exact[0] == fast[0] and exact[1].shape == fast[1].shape
        difference = (exact[1].int() - fast[1].int()).abs()
        assert difference.max() <= 2 and (difference > 0).float().mean() < 0.1
        assert (difference > 1).float().mean() < 1e-3


def test_a_pass_that_repeats_another_is_left_out(monkeypatch):
    """The first pass of the published solution is one of the others again."""
    model, seen = fake(monkeypatch, lambda image: ([[0, 0, 9, 9], [0, 20, 9, 29]], [0.9, 0.5]))
    boxes, _ = detect_page(model, np.zeros((64, 64, 3), np.uint8), ONE_PASS | {"short_sides": [64], "grayscale": True})
    assert len(seen) == 2 and len(boxes) == 2


def test_a_checkpoint_of_another_architecture_is_refused(checkpoint, pages):
    with pytest.raises(InputError, match=r"000007\.pth: .*depth is 18, not 50"):
        detect(checkpoint, pages, ONE_PASS | {"model": MODEL | {"depth": 50}})


def test_no_pages_and_no_detections_give_an_empty_table(checkpoint, pages):
    for found in (detect(checkpoint, [], ONE_PASS), detect(checkpoint, pages, ONE_PASS | {"score": 1.1})):
        assert found.columns.tolist() == SCHEMAS["detections"].names
        assert found.empty


def test_a_page_of_one_pixel_is_at_most_one_box(checkpoint, tmp_path):
    cv2.imwrite(str(tmp_path / "dot.png"), np.zeros((1, 1, 3), np.uint8))
    found = detect(checkpoint, [("dot", tmp_path / "dot.png")], ONE_PASS)
    assert found[["x_min", "y_min", "x_max", "y_max"]].to_numpy().tolist() in ([], [[0, 0, 1, 1]])


def test_a_page_that_cannot_be_read_is_named(checkpoint, tmp_path):
    with pytest.raises(InputError, match=r"lost\.png"):
        detect(checkpoint, [("lost", tmp_path / "lost.png")], ONE_PASS)
