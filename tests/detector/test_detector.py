import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from detector_for_tests import PUBLISHED, SETTINGS, draw_pages
from mmengine.config import Config
from mmengine.registry import OPTIMIZERS, PARAM_SCHEDULERS
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kuzushiji.common.errors import InputError
from kuzushiji.common.state import locked
from kuzushiji.common.stop import GOES_ON
from kuzushiji.detector import detector
from kuzushiji.detector.config import mmdet_config, optimizer_config, pipeline_config, schedule_config
from kuzushiji.detector.detector import train
from kuzushiji.detector.detector_losses import plot_losses
from kuzushiji.detector.model import build_model, load_detector
from kuzushiji.detector.pages import TRANSFORMS, TrainingPages, loader
from kuzushiji.detector.record import copy_tensorboard, losses
from kuzushiji.detector.runner import FiniteLossHook, SeededLoop, boxes_in_float32

# Trains in another process, and stops for good (SIGKILL or a long sleep) when `stop` iterations are done.
CHILD = """
import json, os, sys, time, torch
import numpy as np
torch.set_num_threads(1)
from kuzushiji.detector import detector
from kuzushiji.detector.runner import SeededLoop
pages, settings, state, output, snapshots, stop, act, processes = json.loads(sys.argv[1])
step = SeededLoop.run_iter
def run_iter(self, batch):
    if self._iter == stop:
        print("stopped", flush=True)
        os.kill(os.getpid(), act) if act else time.sleep(60)
    step(self, batch)
SeededLoop.run_iter = run_iter
pages = [(path, np.array(boxes).reshape(-1, 4), width, height) for path, boxes, width, height in pages]
detector.train(pages, settings, state, {snapshot: f"{output}/{snapshot}.pth" for snapshot in snapshots}, processes)
"""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return draw_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def trained(pages, tmp_path_factory):
    """An uninterrupted training: its state folder and its outputs."""
    folder = tmp_path_factory.mktemp("trained")
    outputs = {3: folder / "3.pth", 6: folder / "6.pth"}
    assert train(pages, SETTINGS, folder / "state", outputs).parent == folder / "state"
    return folder / "state", outputs


def child(pages, settings, state, output, stop=None, act=None, processes=1):
    listed = [(path, boxes.tolist(), width, height) for path, boxes, width, height in pages]
    argument = json.dumps([listed, settings, str(state), str(output), [3, 6], stop, act, processes])
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": str(processes)}
    pipes = {"stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", CHILD, argument], env=environment, **pipes)


def wait_for_stop(process):
    assert any("stopped" in line for line in process.stdout), "the training ended by itself"


def weights(path):
    return torch.load(path, weights_only=True)["state_dict"]


def same(first, second):
    first, second = weights(first), weights(second)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_snapshots_are_detectors(trained):
    _, outputs = trained
    for iteration, path in outputs.items():
        model, meta = load_detector(path)
        assert (meta["iteration"], meta["settings"]) == (iteration, SETTINGS["model"])
        assert int(model.backbone.bn1.num_batches_tracked) == iteration
    assert not same(outputs[3], outputs[6])


def test_a_finished_training_leaves_its_snapshots_and_last_state_and_no_more(trained):
    state, outputs = trained
    (folder,) = state.iterdir()
    assert {path.name for path in folder.iterdir() if not path.is_dir()} == {
        "finished",
        "iter_6.pth",
        "lock",
        "snapshot_000003.pth",
        "snapshot_000006.pth",
    }
    (record,) = [path for path in folder.iterdir() if path.is_dir()]
    assert {path.name for path in record.iterdir()} <= {"vis_data", f"{record.name}.log"}
    assert {path.name for path in outputs[3].parent.iterdir()} == {"state", "3.pth", "6.pth"}


def test_a_killed_training_goes_on_as_if_it_had_not_stopped(pages, trained, tmp_path, caplog):
    process = child(pages, SETTINGS, tmp_path / "state", tmp_path, stop=5, act=signal.SIGKILL)
    wait_for_stop(process)
    assert process.wait() == -signal.SIGKILL
    (folder,) = (tmp_path / "state").iterdir()
    assert sorted(path.name for path in folder.glob("*.pth")) == ["iter_2.pth", "iter_4.pth", "snapshot_000003.pth"]
    assert not (tmp_path / "3.pth").exists()
    (folder / "iter_6.pth").write_bytes((folder / "iter_4.pth").read_bytes()[:1000])  # damaged: not to be resumed from

    # How pages are loaded does not belong to what is resumed.
    settings = {**SETTINGS, "training": SETTINGS["training"] | {"checkpoint_interval": 100}}
    caplog.set_level("INFO")
    train(pages, settings, tmp_path / "state", {3: tmp_path / "3.pth", 6: tmp_path / "6.pth"}, workers=1)
    assert "from iteration 4 to 6" in caplog.text
    for iteration, path in trained[1].items():
        assert same(path, tmp_path / f"{iteration}.pth")
        assert path.read_bytes() == (tmp_path / f"{iteration}.pth").read_bytes()
    # Iterations 5 and 6 ran again, or for the first time: each is recorded once, with the same losses.
    uninterrupted, interrupted = (losses(next(state.iterdir())) for state in (trained[0], tmp_path / "state"))
    assert interrupted["iteration"].tolist() == [1, 2, 3, 4, 5, 6]
    columns = [name for name in interrupted if "seconds" not in name]
    pd.testing.assert_frame_equal(interrupted[columns], uninterrupted[columns])
    assert "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD" not in os.environ


def test_a_training_that_is_asked_to_stop_saves_its_state_first(pages, trained, tmp_path, caplog):
    process = child(pages, SETTINGS, tmp_path / "state", tmp_path, stop=4, act=signal.SIGTERM)
    wait_for_stop(process)
    assert process.wait() == GOES_ON
    caplog.set_level("INFO")
    train(pages, SETTINGS, tmp_path / "state", {3: tmp_path / "3.pth", 6: tmp_path / "6.pth"})
    assert "from iteration 5 to 6" in caplog.text
    assert all(same(path, tmp_path / f"{iteration}.pth") for iteration, path in trained[1].items())


def test_a_second_copy_fails_clearly(pages, tmp_path):
    outputs = {3: tmp_path / "3.pth", 6: tmp_path / "6.pth"}
    process = child(pages, SETTINGS, tmp_path / "state", tmp_path, stop=0)
    try:
        wait_for_stop(process)
        with pytest.raises(InputError, match=str(tmp_path / "state")):
            train(pages, SETTINGS, tmp_path / "state", outputs)
        assert process.poll() is None and not outputs[3].exists()
    finally:
        process.kill()
        process.wait()


def test_a_lost_output_is_copied_and_not_trained_again(pages, trained, monkeypatch):
    state, outputs = trained
    before = outputs[3].read_bytes()
    outputs[3].unlink()
    monkeypatch.setattr(detector, "_run", None)
    train(pages, SETTINGS, state, outputs)
    assert outputs[3].read_bytes() == before


def test_a_training_killed_after_its_last_snapshot_ends_as_it_would_have(pages, trained, tmp_path):
    state, outputs = trained
    copied = tmp_path / "state"
    subprocess.run(["cp", "-r", state, copied], check=True)
    (folder,) = copied.iterdir()
    (folder / "finished").unlink()
    again = {iteration: tmp_path / f"{iteration}.pth" for iteration in outputs}
    assert train(pages, SETTINGS, copied, again) == folder and (folder / "finished").read_text() == "6"
    assert all(path.read_bytes() == again[iteration].read_bytes() for iteration, path in outputs.items())
    assert losses(folder, 6)["iteration"].tolist() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("snapshots", "begin"), [([3], None), ([6], None), ([6, 8], 6), ([5, 6], 0)])
def test_other_snapshots_of_a_training_are_taken_or_added(snapshots, begin, pages, trained, tmp_path, caplog):
    state, outputs = trained
    copied = tmp_path / "state"
    subprocess.run(["cp", "-r", state, copied], check=True)
    caplog.set_level("INFO")
    wanted = {iteration: tmp_path / f"{iteration}.pth" for iteration in snapshots}
    folder = train(pages, SETTINGS, copied, wanted)
    assert ("trained already" in caplog.text) if begin is None else (f"from iteration {begin} to" in caplog.text)
    for iteration in outputs.keys() & wanted.keys():
        assert outputs[iteration].read_bytes() == wanted[iteration].read_bytes()
    if begin is not None:
        others = {iteration: tmp_path / f"whole_{iteration}.pth" for iteration in snapshots}
        train(pages, SETTINGS, tmp_path / "other", others)
        for iteration, path in others.items():
            assert path.read_bytes() == wanted[iteration].read_bytes()
    assert losses(folder, max(snapshots))["iteration"].tolist() == list(range(1, max(snapshots) + 1))
    # All of them are there for the next.
    train(pages, SETTINGS, copied, {3: tmp_path / "3.pth"} | wanted)
    assert caplog.text.splitlines()[-1].partition(": ")[0].endswith("trained already")


@pytest.mark.parametrize("change", ["setting", "boxes", "pixels"])
def test_what_the_weights_depend_on_trains_anew(change, pages, trained, monkeypatch, tmp_path):
    state, outputs = trained
    copied = tmp_path / "state"
    subprocess.run(["cp", "-r", state, copied], check=True)
    outputs = {iteration: tmp_path / f"{iteration}.pth" for iteration in outputs}
    settings, pages = SETTINGS, list(pages)
    path, boxes, width, height = pages[1]
    if change == "setting":
        settings = {**SETTINGS, "training": SETTINGS["training"] | {"learning_rate": 0.02}}
    elif change == "boxes":
        pages[1] = (path, boxes + 1, width, height)
    else:
        image = cv2.imread(path)
        image[5, 5] ^= 1
        (tmp_path / "pages").mkdir()
        pages[1] = (str(tmp_path / "pages" / Path(path).name), boxes, width, height)
        cv2.imwrite(pages[1][0], image)

    class Started(Exception):
        pass

    def run(pages, settings, folder, snapshots, *_):
        assert {path.name for path in folder.iterdir()} == {"lock"}
        raise Started

    monkeypatch.setattr(detector, "_run", run)
    with pytest.raises(Started):
        train(pages, settings, copied, outputs)


def test_several_processes_share_a_step_and_are_resumed(pages, tmp_path):
    """Two processes on the CPU train one detector; with the job killed on the way, the same one."""
    settings = {**SETTINGS, "training": SETTINGS["training"] | {"images_per_step": 2}}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert child(pages, settings, whole / "state", whole, processes=2).wait() == 0
    assert load_detector(whole / "6.pth")[1]["iteration"] == 6
    assert not same(whole / "3.pth", whole / "6.pth")

    process = child(pages, settings, killed / "state", killed, processes=2)
    while not list(killed.glob("state/*/iter_2.pth")):
        assert process.poll() is None, "the training ended without a checkpoint"
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (killed / "6.pth").exists()
    (folder,) = (killed / "state").iterdir()
    for _ in range(300):  # the processes end with their launcher, though not at once
        with suppress(InputError), locked(folder):
            break
        time.sleep(0.1)
    assert child(pages, settings, killed / "state", killed, processes=2).wait() == 0
    for name in ("3.pth", "6.pth"):
        assert same(whole / name, killed / name)


def test_gradients_are_those_of_all_processes(pages, tmp_path):
    """A page that only the second process sees changes the weights."""
    settings = {**SETTINGS, "training": SETTINGS["training"] | {"images_per_step": 2}}
    drawn = TrainingPages(pages, settings["training"])
    (seen,) = next(iter(loader(drawn, settings["training"], 0, 1, 2)))["data_samples"]
    other = np.array([[40.0, 40.0, 70.0, 80.0]])
    changed = [(path, other if path == seen.img_path else boxes, width, height) for path, boxes, width, height in pages]
    for name, given in {"a": pages, "b": changed}.items():
        train(given, settings, tmp_path / name, {1: tmp_path / f"{name}.pth"}, processes=2)
    assert not same(tmp_path / "a.pth", tmp_path / "b.pth")


def test_training_starts_from_the_pretrained_weights(pages, tmp_path):
    model = SETTINGS["model"] | {"depth": 50, "pretrained": True, "norm_trained": False}
    imagenet = build_model(model).backbone.state_dict()
    torch.save(imagenet, tmp_path / "imagenet.pth")
    training = SETTINGS["training"] | {"learning_rate": 1e-30}
    settings, outputs = {"model": model, "training": training}, {1: tmp_path / "1.pth"}
    with pytest.raises(InputError, match="pretrained: true needs a file of weights"):
        train(pages, settings, tmp_path / "state", outputs)
    train(pages, settings, tmp_path / "state", outputs, pretrained=tmp_path / "imagenet.pth")
    name = "layer4.2.conv3.weight"
    assert torch.equal(weights(tmp_path / "1.pth")[f"backbone.{name}"], imagenet[name])


def test_a_training_that_diverges_at_its_last_step_gives_nothing(pages, tmp_path, monkeypatch):
    step = SeededLoop.run_iter

    def ruin(self, batch):
        with torch.no_grad():
            self.runner.model.rpn_head.rpn_cls.bias[0] = float("nan") if self._iter == 1 else 0
        step(self, batch)

    monkeypatch.setattr(SeededLoop, "run_iter", ruin)
    monkeypatch.setattr(FiniteLossHook, "after_train_iter", lambda *_, **__: None)  # as another process's loss
    for _ in range(2):
        with pytest.raises(InputError, match=r"after iteration 2 .* is not finite; lower learning_rate"):
            train(pages, SETTINGS, tmp_path / "state", {2: tmp_path / "2.pth"})
    assert not (tmp_path / "2.pth").exists()


def test_a_full_disk_ends_the_training_clearly_and_loses_nothing(pages, trained, tmp_path):
    size = trained[1][6].stat().st_size
    small = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 1000}, {size + 1000}))\n"
    listed = [(path, boxes.tolist(), width, height) for path, boxes, width, height in pages]
    argument = json.dumps([listed, SETTINGS, str(tmp_path / "state"), str(tmp_path), [1, 3, 6], None, None, 1])
    done = subprocess.run([sys.executable, "-c", small + CHILD, argument], capture_output=True, text=True)
    assert done.returncode != 0
    # The snapshot fits, the checkpoint, which holds the momentum too, does not.
    assert re.search(r"InputError: .*iter_2\.pth\.partial: cannot be written \(.*make room and run again", done.stderr)
    (folder,) = (tmp_path / "state").iterdir()
    assert [path.name for path in folder.iterdir() if ".pth" in path.name] == ["snapshot_000001.pth"]


def test_a_disk_too_full_for_records_is_named_too(pages, tmp_path):
    small = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
    listed = [(path, boxes.tolist(), width, height) for path, boxes, width, height in pages]
    argument = json.dumps([listed, SETTINGS, str(tmp_path / "state"), str(tmp_path), [6], None, None, 1])
    done = subprocess.run([sys.executable, "-c", small + CHILD, argument], capture_output=True, text=True)
    assert done.returncode != 0
    assert re.search(r"InputError: .*state/\w+: cannot be written \(.*make room and run again", done.stderr)


def test_it_trains_on_pages_that_lie_on_the_device(pages, trained, tmp_path):
    settings = {**SETTINGS, "training": SETTINGS["training"] | {"transforms": "torch", "snapshots": [3], "crop": 60}}
    for name in ("a", "b"):
        train(pages, settings, tmp_path / name, {3: tmp_path / f"{name}.pth"}, workers=2)
    assert same(tmp_path / "a.pth", tmp_path / "b.pth")


def test_bfloat16_trains_float32_weights(pages, trained, tmp_path):
    settings = {**SETTINGS, "training": SETTINGS["training"] | {"precision": "bfloat16"}}
    record = train(pages, settings, tmp_path / "state", {6: tmp_path / "6.pth"})
    assert not same(tmp_path / "6.pth", trained[1][6])
    assert {value.dtype for value in weights(tmp_path / "6.pth").values()} == {torch.float32, torch.int64}
    ours, exact = losses(record), losses(next(trained[0].iterdir()))
    np.testing.assert_allclose(ours["proposal_class_loss"][:2], exact["proposal_class_loss"][:2], rtol=0.05)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_suppresses_as_many_proposals_as_are_published(dtype, monkeypatch):
    """Of more than 10,000 boxes mmcv needs scores of their type, and autocast decodes boxes in float32 on CUDA."""
    model = build_model(SETTINGS["model"] | {"neck_channels": 0, "anchor_sizes": [8, 16, 32, 64, 128]})
    rpn, kept = model.rpn_head, model.train_cfg.rpn_proposal
    assert kept.nms_pre == PUBLISHED["model"]["training_proposals_before_nms"] == 12000
    decode = rpn.bbox_coder.decode
    monkeypatch.setattr(rpn.bbox_coder, "decode", lambda *given, **named: decode(*given, **named).float())
    meta = {"img_shape": (544, 432), "scale_factor": (1.0, 1.0)}
    features = torch.randn(1, rpn.in_channels, 34, 27, generator=torch.Generator().manual_seed(0))

    def propose():
        with torch.autocast("cpu", dtype):
            return rpn.predict_by_feat(*rpn((features,)), batch_img_metas=[meta], cfg=kept)[0]

    with pytest.raises(RuntimeError, match="dtypes match"):
        propose()
    boxes_in_float32(model)
    found = propose()
    assert len(found) == SETTINGS["model"]["training_proposals"]
    assert found.bboxes.dtype == found.scores.dtype == torch.float32
    assert not torch.equal(found.bboxes, found.bboxes.to(dtype).float())


def test_losses_are_recorded_and_drawn(trained, tmp_path):
    (folder,) = trained[0].iterdir()
    table = losses(folder)
    assert table["iteration"].tolist() == [1, 2, 3, 4, 5, 6]
    parts = table[["proposal_class_loss", "proposal_box_loss", "class_loss", "box_loss"]].sum(axis=1)
    np.testing.assert_allclose(table["loss"], parts, rtol=1e-4)
    rates = np.array([0.001, 1, 1, 1, 0.1, 0.1]) * SETTINGS["training"]["learning_rate"]
    np.testing.assert_allclose(table["learning_rate"], rates, rtol=1e-6)
    for name in ("a.svg", "b.svg"):
        plot_losses(table, [3, 6], tmp_path / name)
    picture = (tmp_path / "a.svg").read_text()
    assert "proposal class loss" in picture and picture == (tmp_path / "b.svg").read_text()
    copy_tensorboard(folder, tmp_path / "tensorboard")
    (run,) = (tmp_path / "tensorboard").iterdir()
    events = EventAccumulator(str(run)).Reload()
    assert [event.step for event in events.Scalars("loss_rpn_cls")] == [1, 2, 3, 4, 5, 6]
    with pytest.raises(InputError, match="holds no record"):
        losses(tmp_path)


def test_the_published_training_in_numbers():
    """Every number of the published schedule, as the optimizer meets it."""
    training = PUBLISHED["training"]
    assert training["images_per_step"] == 2
    wrapper = optimizer_config(training)
    assert wrapper["type"] == "OptimWrapper" and wrapper["clip_grad"] is None
    optimizer = OPTIMIZERS.build(wrapper["optimizer"] | {"params": [torch.nn.Parameter(torch.zeros(1))]})
    assert optimizer.defaults["lr"] == 0.01 and optimizer.defaults["weight_decay"] == 1e-4
    assert optimizer.defaults["momentum"] == 0.9
    assert optimizer_config(training | {"optimizer": "adamw"})["optimizer"]["type"] == "AdamW"
    schedules = [PARAM_SCHEDULERS.build(schedule | {"optimizer": optimizer}) for schedule in schedule_config(training)]
    rates = []
    for _ in range(100_000):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        for schedule in schedules:
            schedule.step()
    assert np.diff(rates[:1500]).min() > 0 and rates[1499] == pytest.approx(0.01)
    assert set(np.round(rates[1500:50_000], 9)) == {0.01}
    assert set(np.round(rates[50_000:], 9)) == {0.001}
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0001)

    resize, color, _ = (TRANSFORMS.build(transform) for transform in pipeline_config(training))
    assert resize.scales == [(side, 6000) for side in (1000, 1200, 1400, 1600)]
    jitter, gray = color.colors.transforms
    assert (jitter.brightness, jitter.contrast, jitter.saturation) == ((0.8, 1.2),) * 3 and jitter.hue == (-0.2, 0.2)
    assert gray.p == 0.3


def test_the_configuration_is_mmdets(tmp_path):
    settings = PUBLISHED | {"training": PUBLISHED["training"] | {"snapshots": [60_000, 100_000]}}
    Config(mmdet_config(settings)).dump(tmp_path / "config.py")
    config = Config.fromfile(tmp_path / "config.py")
    assert config.model.type == "FasterRCNN" and config.train_cfg.max_iters == 100_000
    assert [TRANSFORMS.build(transform) is not None for transform in config.train_pipeline] == [True] * 3


def test_other_bad_input_is_named(pages, tmp_path):
    with pytest.raises(InputError, match="no pages"):
        train([], SETTINGS, tmp_path, {2: tmp_path / "2.pth"})
    with pytest.raises(InputError, match="need norm_trained: true"):
        untrainable = {**SETTINGS, "model": SETTINGS["model"] | {"norm_trained": False}}
        train(pages, untrainable, tmp_path, {2: tmp_path / "2.pth"})
    with pytest.raises(InputError, match=r"lost\.png"):
        train([("lost.png", np.zeros((0, 4)), 9, 9)], SETTINGS, tmp_path, {2: tmp_path / "2.pth"})
    with pytest.raises(InputError, match="none is of this training"):
        train(pages, SETTINGS, tmp_path, {})
    outputs = {2: tmp_path / "2.pth"}
    for change, message in {
        ("images_per_step", 3): "3 images do not divide among 2 processes",
        ("precision", "float16"): "float16 needs a GPU",
        ("learning_rate", 1e30): "the loss of iteration 2 is .*; lower learning_rate",
    }.items():
        settings = {**SETTINGS, "training": SETTINGS["training"] | dict([change])}
        if change[0] == "learning_rate":
            settings["training"] |= {"clip_gradients": None, "warmup_iterations": 0}
        with pytest.raises(InputError, match=message):
            train(pages, settings, tmp_path / "state", outputs, processes=1 + (change[0] == "images_per_step"))
    assert not outputs[2].exists()
