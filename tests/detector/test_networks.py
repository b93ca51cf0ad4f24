"""Networks that a file in mmdet's config language names."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from detector_for_tests import SETTINGS, draw_pages

from kuzushiji.common.errors import InputError
from kuzushiji.detector.config import check_network, read_network
from kuzushiji.detector.detect import detect, limit_proposals, propose, ready
from kuzushiji.detector.detector import train
from kuzushiji.detector.detector_losses import plot_losses
from kuzushiji.detector.model import build_model, load_detector
from kuzushiji.detector.record import losses

NETWORKS = Path("tests/helpers/networks")
CONFIG = yaml.safe_load(Path("config.yaml").read_text())["detect"]
DETECT = CONFIG | {"proposals": 20, "score": 0, "first_short_side": 96, "short_sides": [80], "grayscale": True}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=["cascade_rcnn", "rtmdet"])
def network(request, tmp_path_factory):
    """A network of each kind, trained for four steps: its settings, checkpoint, pages and record."""
    folder = tmp_path_factory.mktemp(request.param)
    pages = draw_pages(folder)
    model = {"network": read_network(NETWORKS / f"{request.param}.py")}
    changes = {"optimizer": "adamw", "learning_rate": 0.001, "images_per_step": 2}
    settings = {"model": model, "training": SETTINGS["training"] | changes}
    record = train(pages, settings, folder / "state", {4: folder / "4.pth"})
    return settings, folder / "4.pth", pages, record


def test_a_network_of_either_kind_trains_and_detects(network, tmp_path):
    settings, checkpoint, pages, record = network
    model, meta = load_detector(checkpoint, settings["model"])
    assert meta["settings"] == settings["model"] and meta["iteration"] == 4
    start = build_model(settings["model"]).state_dict()
    assert any(not torch.equal(start[name], value) for name, value in model.state_dict().items())
    files = [(Path(path).stem, path) for path, *_ in pages]
    found = detect(checkpoint, files, DETECT | {"model": settings["model"]})
    assert len(found) and found["detector_score"].between(DETECT["score"], 1).all()
    corners = found[["x_min", "y_min", "x_max", "y_max"]].to_numpy()
    assert (corners >= 0).all() and (corners <= [90, 110, 90, 110]).all()
    assert (corners[:, 2:] - corners[:, :2] >= 1).all()
    table = losses(record)
    assert np.isfinite(table["loss"]).all()
    plot_losses(table, [4], tmp_path / "losses.svg")
    assert (tmp_path / "losses.svg").exists()


def test_each_view_gives_its_own_boxes_however_many_are_passed_at_once(network):
    settings, checkpoint, *_ = network
    model = ready(checkpoint, DETECT | {"model": settings["model"]})
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 96, 64, 3), np.uint8))
    both = propose(model, images)
    for (boxes, scores), image in zip(both, images, strict=True):
        assert boxes.shape == (len(scores), 4) and 0 < len(scores) <= DETECT["proposals"]
        ((alone, alone_scores),) = propose(model, image[None])
        assert torch.allclose(boxes, alone, atol=1e-3) and torch.allclose(scores, alone_scores, atol=1e-5)


def test_another_kind_of_detector_is_refused():
    with pytest.raises(InputError, match="Linear is neither a two-stage nor a one-stage detector"):
        limit_proposals(torch.nn.Linear(1, 1), DETECT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model = dict(type='RTMDet', bbox_head=dict(num_classes=80))", r"num_classes: is 80; .* has one class"),
        ("model = dict(type='os.system', command='true')", r"model\.type: os\.system is no name of mmdet's"),
        ("model = dict(type='RTMDet', backbone=dict(init_cfg=dict(type='Pretrained')))", "fetched unseen"),
        ("model = dict(type='RTMDet', necks=[dict(pretrained='torchvision://resnet50')])", r"necks\.0\.pretrained"),
        ("optimizer = dict(type='SGD')", "has no `model`"),
        ("model = dict(", "cannot be read as a configuration"),
    ],
)
def test_a_file_that_cannot_be_a_detector_is_refused(tmp_path, text, message):
    (tmp_path / "network.py").write_text(text)
    with pytest.raises(InputError, match=message):
        read_network(tmp_path / "network.py")


def test_a_network_that_mmdet_cannot_build_is_named():
    check_network({"type": "NoSuchDetector"}, "a file")
    with pytest.raises(InputError, match=r"mmdet cannot build this network .*NoSuchDetector"):
        build_model({"network": {"type": "NoSuchDetector"}})


def test_a_file_may_be_yaml_and_have_bases(tmp_path):
    shutil.copy(NETWORKS / "rtmdet.py", tmp_path)
    (tmp_path / "more.yaml").write_text("_base_: ./rtmdet.py\nmodel: {bbox_head: {stacked_convs: 1}}\n")
    network = read_network(tmp_path / "more.yaml")
    assert network["bbox_head"]["stacked_convs"] == 1 and network["type"] == "RTMDet"
    assert pd.api.types.is_dict_like(network["backbone"]) and type(network["backbone"]) is dict
