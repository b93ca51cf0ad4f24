from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from kuzushiji.common.errors import InputError
from kuzushiji.detector.model import KIND, build_model, plain
from kuzushiji.evaluate.detection_modes import detection_modes

CONFIG = yaml.safe_load(Path("config.yaml").read_text())
MODEL = CONFIG["detector_trainings"]["faster_rcnn"]["model"] | {
    "depth": 18,
    "pretrained": False,
    "neck_channels": 8,
    "anchor_sizes": [4],
}
MODEL |= {"pixel_mean": [128.0] * 3, "pixel_std": [500.0] * 3}
SETTINGS = CONFIG["detect"] | CONFIG["evaluate"] | {"model": MODEL, "pages": 2, "proposals": 20, "score": 0.0}
SETTINGS["modes"] = {
    "two": {"first_short_side": 64, "short_sides": [48], "grayscale": False},
    "one": {"first_short_side": 64, "short_sides": [], "grayscale": False},
}

pytestmark = pytest.mark.usefixtures("one_thread")


def test_modes_are_scored_on_the_same_pages(tmp_path):
    torch.manual_seed(0)
    model = build_model(MODEL)
    model.init_weights()
    checkpoint = {"kind": KIND, "settings": plain(MODEL), "iteration": 1, "state_dict": model.state_dict()}
    torch.save(checkpoint, tmp_path / "a.pth")
    names = ["a", "b", "c"]
    for name in names:
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.random.default_rng(0).integers(0, 256, (80, 70, 3), np.uint8))
    files = [(name, tmp_path / f"{name}.png") for name in names]
    pages = pd.DataFrame({"image_id": names, "book": names})
    corners = {"x_min": [0] * 3, "y_min": [0] * 3, "x_max": [70] * 3, "y_max": [80] * 3}
    truth = pd.DataFrame({"image_id": names, "box": 0, **corners})

    table = detection_modes(tmp_path / "a.pth", files, truth, pages, SETTINGS)
    assert table[["mode", "passes", "pages"]].to_numpy().tolist() == [["two", 2, 2], ["one", 1, 2]]
    # A page is one box of truth, which any box hits: of the two pages taken both are found.
    at_best = SETTINGS | {"detector_score": 0.0, "scores": [0.0]}
    assert detection_modes(tmp_path / "a.pth", files, truth, pages, at_best)["recall"].tolist() == [1, 1]
    seconds = table["seconds_a_page"].to_numpy()
    np.testing.assert_allclose(table["slower"], seconds / seconds.min())
    with pytest.raises(InputError, match="no pages"):
        detection_modes(tmp_path / "a.pth", [], truth, pages, SETTINGS)
