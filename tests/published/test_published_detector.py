"""The imported detector against what the published code computes with the same weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from mmengine.structures import InstanceData
from PIL import Image
from published_weights import CELL_ANCHORS, rule_weights

from kuzushiji.common.boxes import CORNERS
from kuzushiji.detector.config import PUBLISHED_MODEL
from kuzushiji.detector.detect import detect, detect_page, limit_proposals, resized
from kuzushiji.detector.model import load_detector, read_denoised
from kuzushiji.published.import_detector import import_detector

GOLDEN = Path(__file__).parents[1] / "golden"
PAGE = GOLDEN / "denoise_output.png"
ONE_PASS = yaml.safe_load(Path("config.yaml").read_text())["detect"] | {
    "model": PUBLISHED_MODEL,
    "batch_megapixels": 1,
    "first_short_side": 320,
    "short_sides": [],
    "grayscale": False,
}
FIVE_PASSES = ONE_PASS | {"proposals": 100, "short_sides": [256, 288], "grayscale": True}
# From pixels of the page, 400 x 480, to those of the first pass.
TO_FIRST_PASS = np.array([320 / 400, 384 / 480] * 2, np.float32)


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "detector_golden.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, golden):
    folder = tmp_path_factory.mktemp("detector")
    weights = rule_weights(GOLDEN / "detector_r101_c4_state.tsv")["model"]
    weights[CELL_ANCHORS] = torch.from_numpy(golden["cell_anchors"])
    checkpoint = {"model": {f"module.{name}": value for name, value in weights.items()}, "iteration": 60000}
    torch.save(checkpoint, folder / "published.pth")
    import_detector(folder / "published.pth", folder / "060000.pth")
    return folder / "060000.pth"


@pytest.fixture(scope="module")
def model(checkpoint):
    model, _ = load_detector(checkpoint, PUBLISHED_MODEL)
    limit_proposals(model, ONE_PASS)
    return model


@pytest.fixture
def outputs(model):
    """What parts of the network give while a test runs: name → tensors."""
    found, handles = {}, []
    parts = {
        "stem": model.backbone.maxpool,
        "layer1": model.backbone.layer1,
        "layer2": model.backbone.layer2,
        "c4": model.backbone.layer3,
        "rpn": model.rpn_head,
        "roi_align": model.roi_head.bbox_roi_extractor,
        "heads": model.roi_head.bbox_head,
    }
    for name, part in parts.items():
        keep = lambda module, inputs, output, name=name: found.__setitem__(name, output)  # noqa: E731
        handles.append(part.register_forward_hook(keep))
    yield found
    for handle in handles:
        handle.remove()


def near(found, expected, tolerance):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def near_sums(found, expected):
    """Sum and sum of absolute values, of arrays that the golden file has a part of."""
    np.testing.assert_allclose([found.double().sum(), found.double().abs().sum()], expected, rtol=1e-6)


def test_the_page_is_read_and_resized_as_published(golden):
    """The published code takes the file's red, which is the page's blue, for red: the network sees it last."""
    image = read_denoised(PAGE)
    with Image.open(PAGE) as file:
        assert np.array_equal(image[..., ::-1], np.asarray(file.convert("RGB")))
    assert resized(400, 480, 320, 6000) == (320, 384)
    view = np.asarray(Image.fromarray(image).resize((320, 384), Image.Resampling.BILINEAR))
    assert np.array_equal(view[..., ::-1], golden["resized_rgb_u8"])
    assert np.array_equal(view.transpose(2, 0, 1)[:, 100:108, 100:108], golden["input_slice"])


def test_anchors_are_the_published_ones(model, golden):
    (anchors,) = model.rpn_head.prior_generator.grid_priors([(24, 20)], device="cpu")
    assert np.array_equal(anchors[:20], golden["cell_anchors"])
    assert np.array_equal(anchors[:60], golden["anchors_first60"])
    assert np.array_equal(anchors[-20:], golden["anchors_last20"])
    assert len(anchors) == golden["anchor_count"]


@torch.inference_mode()
def test_features_and_proposals_agree(model, golden, outputs):
    from mmdet.structures import DetDataSample

    pixels = torch.from_numpy(golden["resized_rgb_u8"][..., ::-1].transpose(2, 0, 1).astype(np.float32))
    features = model.extract_feat(pixels[None])
    sample = DetDataSample(metainfo={"img_shape": (384, 320)})
    (proposals,) = model.rpn_head.predict(features, [sample], rescale=False)
    near(outputs["stem"][0, :8, 20:28, 20:28], golden["stem_slice"], 1e-3)
    near(outputs["layer1"][0, :8, 20:28, 20:28], golden["layer1_slice"], 1e-3)
    near(outputs["layer2"][0, :8, 10:18, 10:18], golden["layer2_slice"], 1e-3)
    near(outputs["c4"][0, :64], golden["c4_slice"], 1e-3)
    assert outputs["c4"].shape == tuple(golden["c4_shape"])
    for name in ("stem", "layer1", "layer2", "c4"):
        near_sums(outputs[name], golden[f"{name}_sums"])
    (logits,), (deltas,) = outputs["rpn"]
    near(logits[0], golden["rpn_objectness_logits"], 1e-4)
    near(deltas[0], golden["rpn_deltas"], 1e-4)

    near(proposals.scores, golden["proposal_scores"], 1e-4)
    # One to one, and in order, but where the noise of the sums decides between equal scores.
    distance = np.abs(proposals.bboxes.numpy()[:, None] - golden["proposals"]).max(axis=2)
    places = distance.argmin(axis=0)
    assert sorted(places) == list(range(1300)) and distance.min(axis=0).max() < 0.01
    moved = places != np.arange(1300)
    assert moved.sum() <= 20
    near(golden["proposal_scores"][places[moved]], golden["proposal_scores"][moved], 1e-5)


@torch.inference_mode()
def test_heads_and_final_boxes_agree_and_keep_their_order(model, golden, outputs, monkeypatch):
    """From the published proposals on, so that their order is the same."""
    proposals = InstanceData(
        bboxes=torch.from_numpy(golden["proposals"]), scores=torch.from_numpy(golden["proposal_scores"])
    )
    monkeypatch.setattr(model.rpn_head, "predict", lambda *args, **kwargs: [proposals])
    boxes, scores = detect_page(model, read_denoised(PAGE), ONE_PASS)
    near(outputs["roi_align"][:20, :4], golden["roi_align_slice"], 1e-3)
    near_sums(outputs["roi_align"][:20], golden["roi_align_sums"])
    logits, deltas = outputs["heads"]
    near(logits, golden["cls_logits_all"][:, [1, 0]], 1e-3)  # here the background comes last
    near(deltas, golden["box_deltas_all"][:, 4:], 1e-3)  # here the background has none
    near(boxes * TO_FIRST_PASS, golden["final_boxes"], 0.01)
    near(scores, golden["final_scores"], 1e-4)
    assert (golden["final_labels"] == 1).all()


def test_five_passes_over_a_file_agree(checkpoint, golden):
    """The whole way from a denoised page to the table: every box, and in the published order."""
    found = detect(checkpoint, [("page", PAGE)], FIVE_PASSES)
    assert found["box"].tolist() == list(range(352))
    near(found[CORNERS].to_numpy() * TO_FIRST_PASS, golden["aug_boxes"], 0.01)
    near(found["detector_score"].to_numpy(), golden["aug_scores"], 1e-4)
    assert tuple(golden["aug_size_wh"]) == resized(400, 480, 320, 6000)
