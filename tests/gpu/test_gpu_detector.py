"""The detector on a GPU: against the golden boxes and the CPU, in every precision, resumed, and what it costs.

`make test-gpu`, or `PYTHONPATH=workflow:tests/helpers python tests/gpu/test_gpu_detector.py` from the root.
"""

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import yaml
from detector_for_tests import PUBLISHED, SETTINGS, draw_pages
from gpu_for_tests import GOLDEN, ROOT, exact, figure, folder, matched, on_cpu, peak, run, seconds
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from published_weights import CELL_ANCHORS, rule_weights

from kuzushiji.common.boxes import CORNERS
from kuzushiji.detector.config import PUBLISHED_MODEL, optimizer_config
from kuzushiji.detector.detect import detect, detect_pages, ready
from kuzushiji.detector.detector import train
from kuzushiji.detector.model import KIND, build_model, plain
from kuzushiji.detector.pages import TrainingPages
from kuzushiji.detector.runner import boxes_in_float32
from kuzushiji.detector.torch_pages import TorchPages
from kuzushiji.published.import_detector import import_detector

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
FULL = CONFIG["detect"] | CONFIG["detect"]["modes"]["full"]
FAST = {"faster": ["fold_norm", "channels_last"]}
# Each with those before it.
STEPS = {"folded, channels last": FAST, "bfloat16": {"precision": "bfloat16"}, "resized there": {"resize": "torch"}}
PAGE = (2386, 3904)  # width and height in pixels

CHILD = """
import pickle, sys
from pathlib import Path
from kuzushiji.detector.detector import train
pages, settings, state, outputs = pickle.loads(Path(sys.argv[1]).read_bytes())
train(pages, settings, state, outputs)
"""


@functools.cache
def golden_checkpoint() -> Path:
    weights = rule_weights(GOLDEN / "detector_r101_c4_state.tsv")["model"]
    weights[CELL_ANCHORS] = torch.from_numpy(np.load(GOLDEN / "detector_golden.npz")["cell_anchors"])
    content = {"model": {f"module.{name}": value for name, value in weights.items()}, "iteration": 60000}
    torch.save(content, folder() / "published.pth")
    import_detector(folder() / "published.pth", folder() / "060000.pth")
    return folder() / "060000.pth"


@functools.cache
def page() -> tuple[Path, np.ndarray]:
    """A page of dark squares in columns, and their boxes."""
    draw = np.random.default_rng(0)
    image = draw.integers(180, 256, (PAGE[1], PAGE[0], 3), np.uint8)
    corners = np.array([(x, y) for x in range(150, PAGE[0] - 150, 180) for y in range(150, PAGE[1] - 150, 120)])
    for x, y in corners:
        image[y : y + 80, x : x + 80] = 40
    cv2.imwrite(str(folder() / "page.png"), image)
    return folder() / "page.png", np.hstack([corners, corners + 80]).astype(float)


def golden_five_passes(**changes):
    settings = FULL | {"model": PUBLISHED_MODEL, "first_short_side": 320, "short_sides": [256, 288], "proposals": 100}
    found = detect(golden_checkpoint(), [("page", GOLDEN / "denoise_output.png")], settings | changes)
    return found[CORNERS].to_numpy() * np.array([320 / 400, 384 / 480] * 2), found["detector_score"].to_numpy()


def test_golden_boxes():
    """Those of the published code on a CPU, of which 99 % have a partner, and 95 % with TF32 or in half precision."""
    golden = np.load(GOLDEN / "detector_golden.npz")
    expected = golden["aug_boxes"], golden["aug_scores"]
    with exact():
        assert matched(*golden_five_passes(), *expected) >= 0.99
        assert matched(*golden_five_passes(**FAST, resize="torch"), *expected) >= 0.99
    for changes in ({}, {"precision": "bfloat16"}, {"precision": "float16"}, FAST | {"precision": "float16"}):
        share = matched(*golden_five_passes(**changes), *expected, score=0.05)
        figure(f"golden boxes with a partner, {changes or 'TF32'}", 100 * share, "%")
        assert share >= 0.95


def test_a_detection_takes():
    torch.manual_seed(0)
    model = build_model(PUBLISHED["model"])
    model.init_weights()
    path = folder() / "random.pth"
    settings = plain(PUBLISHED["model"])
    torch.save({"kind": KIND, "settings": settings, "iteration": 1, "state_dict": model.state_dict()}, path)
    changes = {}
    for name, change in {"exact": {}, **STEPS}.items():
        changes |= change
        model = ready(path, FULL | {"model": settings} | changes)
        with peak(f"detect, R101-C4, 33 passes, {name}"):
            detect_pages(model, [("page", page()[0])], FULL | changes | {"short_sides": [1000], "grayscale": False})
            took = seconds(detect_pages, model, [("page", page()[0])], FULL | changes)
        figure(f"detect, R101-C4, 33 passes, {name}", took, "s a page")


def trained_steps(name: str, model: dict, training: dict, steps: int = 6) -> None:
    """Train some steps on the page, and note what each takes."""
    training = PUBLISHED["training"] | training
    torch.manual_seed(0)
    network = build_model(PUBLISHED["model"] | {"pretrained": False, "norm_trained": True} | model)
    network.init_weights()
    boxes_in_float32(network)
    network.cuda().train()
    wrapper = build_optim_wrapper(network, optimizer_config(training | {"learning_rate": 1e-5}))
    pages = TrainingPages([(*page(), *PAGE)], training)
    batch = pseudo_collate([pages[0, draw] for draw in range(training["images_per_step"])])
    network.train_step(batch, wrapper)
    network.train_step(batch, wrapper)
    with peak(f"train {name}"):
        took = seconds(lambda: [network.train_step(batch, wrapper) for _ in range(steps)])
    figure(f"train {name}", took / steps, "s a step")
    assert all(torch.isfinite(weight).all() for weight in network.state_dict().values())


def test_training_the_published_network_in_every_precision():
    for precision in ("float32", "bfloat16", "float16"):
        trained_steps(f"R101-C4, 2 images, {precision}", {}, {"precision": precision})


def test_training_a_small_pyramid():
    small = {"depth": 18, "neck_channels": 128, "anchor_sizes": [4], "training_proposals_before_nms": 2000}
    sides = {"short_sides": [832], "max_long_side": 1248, "images_per_step": 4, "precision": "bfloat16"}
    trained_steps("R18 pyramid, 4 images, bfloat16", small | {"training_proposals": 1000}, sides)


def test_a_view_takes():
    """Of pages that lie on the GPU, and of those that mmdet's transforms make."""
    small = PUBLISHED["training"] | {"short_sides": [704], "crop": 416}
    for kind in (TrainingPages, TorchPages):
        views = kind([(*page(), *PAGE)], small)
        assert views[0, 0]["inputs"].shape[1:] == (416, 416)
        took = seconds(lambda views=views: [views[0, draw] for draw in range(8)]) / 8
        figure(f"a view of 416 pixels, {kind.__name__}", 1000 * took, "ms")


def test_a_killed_training_goes_on():
    import pickle

    pages, place = draw_pages(folder()), folder() / "killed_detector"
    place.mkdir()
    settings = {**SETTINGS, "training": SETTINGS["training"] | {"snapshots": [60], "checkpoint_interval": 5}}
    given = pages, settings, place / "state", {60: place / "60.pth"}
    (place / "given").write_bytes(pickle.dumps(given))
    child = subprocess.Popen([sys.executable, "-c", CHILD, place / "given"])
    while not list(place.glob("state/*/iter_10.pth")):
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (place / "60.pth").exists()
    train(*given)
    assert (place / "60.pth").exists()


def test_a_small_detector_on_both():
    """The boxes of the CPU, also of a compiled network: 98 % have a partner."""
    torch.manual_seed(0)
    model = build_model(SETTINGS["model"])
    model.init_weights()
    content = {"kind": KIND, "settings": plain(SETTINGS["model"]), "iteration": 1, "state_dict": model.state_dict()}
    torch.save(content, folder() / "small.pth")
    settings = FULL | {"model": SETTINGS["model"], "first_short_side": 320, "short_sides": [], "proposals": 200}
    pages = [("page", GOLDEN / "denoise_output.png")]

    def found(**changes):
        table = detect(folder() / "small.pth", pages, settings | changes)
        return table[CORNERS].to_numpy(), table["detector_score"].to_numpy()

    with on_cpu():
        expected = found()
    assert len(expected[0]) > 10
    with exact():
        assert matched(*found(), *expected) >= 0.98
        assert matched(*found(faster=["fold_norm", "channels_last", "compile"]), *expected) >= 0.98


if __name__ == "__main__":
    run(dict(globals()))
