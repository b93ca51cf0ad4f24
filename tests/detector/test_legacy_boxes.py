import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from detector_for_tests import SETTINGS, draw_pages
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.detector.config import PUBLISHED_MODEL, model_config
from kuzushiji.detector.detect import detect
from kuzushiji.detector.detector import train
from kuzushiji.detector.legacy_boxes import PixelBoxCoder, PixelOverlaps, RoundedAnchorGenerator
from kuzushiji.detector.model import build_model, load_detector
from kuzushiji.detector.record import losses

pytestmark = pytest.mark.usefixtures("one_thread")

corner = st.integers(0, 400)
side = st.integers(0, 200)  # of a box of one pixel it is 0
boxes = st.lists(
    st.builds(lambda x, y, w, h: [x, y, x + w, y + h], corner, corner, side, side), min_size=1, max_size=5
).map(lambda rows: torch.tensor(rows, dtype=torch.float32))


@pytest.fixture(scope="module")
def coder():
    return PixelBoxCoder(target_stds=(0.1, 0.1, 0.2, 0.2))


def test_anchors_are_rounded_at_the_stride_and_scaled_then():
    generator = RoundedAnchorGenerator(strides=[16], scales=[0.5, 1, 8], ratios=[0.5, 0.85, 1])
    (anchors,) = generator.base_anchors
    # The known first ones of py-faster-rcnn: 16 x 16 pixels of ratio 0.5 are 23 x 12.
    assert anchors[0].tolist() == [2.25, 5, 12.75, 10]
    assert anchors[2].tolist() == [-84, -40, 99, 55]
    for row, (width, height) in enumerate([(23, 12), (17, 14), (16, 16)]):
        for column, scale in enumerate([0.5, 1, 8]):
            anchor = anchors[3 * row + column]
            assert (anchor[2:] - anchor[:2] + 1).tolist() == [width * scale, height * scale]
            assert ((anchor[2:] + anchor[:2]) / 2).tolist() == [7.5, 7.5]
    (grid,) = generator.grid_priors([(2, 3)], device="cpu")
    assert torch.equal(grid.view(2, 3, 9, 4)[1, 2], anchors + torch.tensor([32, 16, 32, 16]))


@settings(deadline=None)
@given(boxes=boxes, seed=st.integers(0, 1000))
def test_deltas_lead_from_one_box_to_another(coder, boxes, seed):
    other = boxes[torch.randperm(len(boxes), generator=torch.Generator().manual_seed(seed))]
    deltas = coder.encode(boxes, other)
    # Growth has its limit.
    reached = ((other[:, 2:] - other[:, :2] + 1) / (boxes[:, 2:] - boxes[:, :2] + 1) < 1000 / 16).all(dim=1)
    torch.testing.assert_close(coder.decode(boxes, deltas)[reached], other[reached], atol=0.01, rtol=1e-4)


@pytest.mark.parametrize("classes", [1, 2])
def test_boxes_are_decoded_as_published(coder, classes):
    """Against the published formula, box by box."""
    draw = np.random.default_rng(0)
    low = draw.uniform(0, 90, (50, 2))
    boxes = np.concatenate([low, low + draw.uniform(0, 60, (50, 2))], axis=1)
    deltas = draw.normal(0, 12, (50, classes, 4))
    inputs = torch.tensor(boxes, dtype=torch.float64), torch.tensor(deltas.reshape(50, -1), dtype=torch.float64)
    found = coder.decode(*inputs, max_shape=(100, 120)).view(50, classes, 4).numpy()
    seen = set()
    for box, rows, decoded in zip(boxes, deltas, found, strict=True):
        for (dx, dy, dw, dh), result in zip(rows * [0.1, 0.1, 0.2, 0.2], decoded, strict=True):
            width, height = box[2] - box[0] + 1, box[3] - box[1] + 1
            x, y = box[0] + width / 2 + dx * width, box[1] + height / 2 + dy * height
            w, h = (math.exp(min(d, math.log(1000 / 16))) * s for d, s in ((dw, width), (dh, height)))
            expected = np.clip([x - w / 2, y - h / 2, x + w / 2 - 1, y + h / 2 - 1], 0, [119, 99, 119, 99])
            np.testing.assert_allclose(result, expected, atol=1e-9)
            seen |= {"scaled"} if max(dw, dh) > math.log(1000 / 16) else set()
            seen |= {"shrunk"} if min(dw, dh) < -math.log(1000 / 16) else set()
    assert seen == {"scaled", "shrunk"}
    assert coder.decode(torch.zeros(0, 4), torch.zeros(0, 4 * classes), (9, 9)).shape == (0, 4 * classes)


@settings(deadline=None, max_examples=30)
@given(first=boxes, second=boxes)
def test_overlaps_count_the_last_pixel(first, second):
    """The boxes are drawn on a page, and their pixels counted."""
    found = PixelOverlaps()(first, second)
    pages = np.zeros((2, 601, 601), bool)
    for i, a in enumerate(first.int().tolist()):
        for j, b in enumerate(second.int().tolist()):
            pages[:] = False
            for page, (left, top, right, bottom) in zip(pages, (a, b), strict=True):
                page[top : bottom + 1, left : right + 1] = True
            expected = (pages[0] & pages[1]).sum() / (pages[0] | pages[1]).sum()
            assert abs(found[i, j].item() - expected) < 1e-6


def test_the_legacy_network_has_legacy_parts_everywhere():
    model = build_model(PUBLISHED_MODEL)
    assert isinstance(model.rpn_head.prior_generator, RoundedAnchorGenerator)
    for head in (model.rpn_head, model.roi_head.bbox_head):
        assert isinstance(head.bbox_coder, PixelBoxCoder)
    for assigner in (model.rpn_head.assigner, model.roi_head.bbox_assigner):
        assert isinstance(assigner.iou_calculator, PixelOverlaps)
    (align,) = model.roi_head.bbox_roi_extractor.roi_layers
    assert (align.aligned, align.sampling_ratio, align.output_size) == (False, 0, (14, 14))
    assert {module.eps for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)} == {0.0}
    config = model_config(PUBLISHED_MODEL)
    for cut in (config["test_cfg"]["rpn"], config["train_cfg"]["rpn_proposal"]):
        assert (cut["nms"]["offset"], cut["min_bbox_size"]) == (1, -1)
    assert model.merging["offset"] == 1
    norms = model_config(PUBLISHED_MODEL | {"norm_trained": True})["backbone"]["norm_cfg"]
    assert norms["eps"] == 1e-5  # without one PyTorch does not train it


def test_components_are_of_two_kinds():
    with pytest.raises(InputError, match=r"model\.components: old is neither of modern, legacy"):
        model_config(PUBLISHED_MODEL | {"components": "old"})


def test_a_detector_with_legacy_parts_is_trained(tmp_path):
    pages = draw_pages(tmp_path)
    trained, recorded = {}, {}
    for components in ("modern", "legacy"):
        section = SETTINGS | {"model": SETTINGS["model"] | {"components": components}}
        trained[components] = tmp_path / components / "000006.pth"
        record = train(pages, section, tmp_path / components / "state", {6: trained[components]})
        recorded[components] = losses(record)
    assert recorded["legacy"]["loss"].iloc[-1] < recorded["legacy"]["loss"].iloc[0]
    box_losses = [table["proposal_box_loss"] for table in recorded.values()]
    assert not np.allclose(*box_losses)  # the deltas to be learnt differ

    with pytest.raises(InputError, match="components is legacy, not modern"):
        load_detector(trained["legacy"], SETTINGS["model"])
    detection = yaml.safe_load(Path("config.yaml").read_text())["detect"] | {
        "first_short_side": 64,
        "short_sides": [],
        "grayscale": False,
        "score": 0.0,
        "model": section["model"],
    }
    found = detect(trained["legacy"], [("0", pages[1][0])], detection)
    assert len(found) > 1 and not found["detector_score"].is_monotonic_decreasing
    assert found[CORNERS].min(axis=None) >= 0
    assert found["x_max"].max() <= 63 * 90 / 64 + 1e-3  # the last pixel of a pass, on the page
