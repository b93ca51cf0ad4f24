"""The network of PP-OCRv6, against what its published form computes."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from snakemake_runs import ROOT

from kuzushiji.classifier.model import build_classifier, load_classifier, normalize

GOLDEN = Path(__file__).parents[1] / "golden" / "ppocr.npz"
START = ROOT / "resources" / "small" / "ppocrv6_small_rec.pth"
SETTINGS = {"architecture": "ppocrv6_small_rec", "channels": "red"}


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as arrays:
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


@pytest.fixture(scope="module")
def start():
    return load_classifier(START)


@torch.inference_mode()
def test_the_weights_that_training_starts_from_give_the_published_features(golden, start):
    """Up to what half precision takes from them; places count by how little they are blank."""
    model, _, _ = start
    images = normalize(golden["images"][:, None] / 255, {"mean": 0.5, "std": 0.5})
    lines = []
    with model.backbone.blank.register_forward_pre_hook(lambda _, inputs: lines.append(*inputs)):
        features = model.backbone(images)
    torch.testing.assert_close(lines[0], golden["line"], rtol=0, atol=0.01 * golden["line"].abs().max().item())
    shares = (1 - golden["blank"].exp())[..., None]
    expected = (golden["line"] * shares).sum(1) / shares.sum(1)
    assert torch.cosine_similarity(features, expected).min() > 0.98
    assert torch.cosine_similarity(golden["line"].mean(1), expected).max() < 0.9  # as a plain mean would have it


@torch.inference_mode()
def test_the_published_directions_name_a_character(golden, start):
    model, charset, _ = start
    images = normalize(golden["images"][:, None] / 255, {"mean": 0.5, "std": 0.5})
    assert charset[model(images)[3].argmax()] == "U+3068"  # と; it takes the cursive kanji for others


@torch.inference_mode()
@pytest.mark.parametrize("side", [32, 48, 64])
def test_images_of_any_side_give_one_vector(side):
    model = build_classifier({**SETTINGS, "channels": "rgb"}, 7, 0.05).eval()
    assert model(torch.rand(2, 3, side, side)).shape == (2, 7)
    assert model.backbone(torch.rand(2, 3, side, side)).shape == (2, model.backbone.num_features)


def test_it_has_no_classes_and_no_weights_to_fetch():
    with pytest.raises(ValueError, match="num_classes"):
        timm.create_model("ppocrv6_small_rec", num_classes=5)
