"""What a page costs the detector, by its size, and by the size and the number of its passes.

The first network of the configuration with random weights on pages of noise: such give as many boxes as are allowed.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from kuzushiji.common.compute import device
from kuzushiji.detector.detect import detect_page, limit_proposals, set_precision
from kuzushiji.detector.faster import make_faster
from kuzushiji.detector.model import build_model

CONFIG = yaml.safe_load(Path("config.yaml").read_text())
PAGE, SIDE, PASSES = (2000, 3000), 1300, 2  # width and height in pixels, the short side of a pass, half of them in gray
CASES = [(PAGE, SIDE, PASSES)]
CASES += [(size, SIDE, PASSES) for size in [(1000, 1500), (4000, 6000)]]
CASES += [(PAGE, side, PASSES) for side in (800, 2000, 2500)]
CASES += [(PAGE, SIDE, passes) for passes in (1, 4, 8)]


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    model = build_model(next(iter(CONFIG["detector_trainings"].values()))["model"])
    model.init_weights()  # else numbers overflow, and no box is left
    model.to(device()).eval()
    limit_proposals(model, CONFIG["detect"])
    make_faster(model, CONFIG["detect"]["faster"])
    set_precision(model, CONFIG["detect"]["precision"])
    return model


@pytest.mark.parametrize(("size", "short_side", "passes"), CASES)
def test_detection(benchmark, model, size, short_side, passes):
    mode = {"first_short_side": short_side, "grayscale": passes > 1}
    mode["short_sides"] = [short_side - i for i in range(passes // 2)]
    page = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    small = np.zeros((64, 64, 3), np.uint8)
    detect_page(model, small, CONFIG["detect"] | mode | {"first_short_side": 64, "short_sides": []})
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    boxes, _ = benchmark.pedantic(detect_page, (model, page, CONFIG["detect"] | mode), rounds=1)
    benchmark.extra_info["boxes"] = len(boxes)
    if torch.cuda.is_available():
        benchmark.extra_info["peak_megabytes"] = torch.cuda.max_memory_allocated() / 1e6
