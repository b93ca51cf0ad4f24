import json
import logging
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from kuzushiji.classifier import schedule, train
from kuzushiji.classifier_model import load_classifier
from kuzushiji.crop_loader import Crops
from kuzushiji.crops import cut_crops, open_crops
from kuzushiji.errors import InputError

CHARSET = ["U+3042", "U+3044", "U+3046"]
SETTINGS = {
    "architecture": "test_resnet",
    "pretrained": False,
    "channels": "gray",
    "mean": 0.5,
    "std": 0.25,
    "input_size": 24,
    "resize": [27, 26],
    "mixing": {"method": "mixup", "alpha": 0.2},
    "rotation": 3,
    "jitter": {"brightness": 0.1, "contrast": 0.1, "saturation": 0.0, "hue": 0.0},
    "pca_noise": 0,
    "grayscale": 0,
    "epochs": 3,
    "batch_size": 16,
    "schedule": {"kind": "multistep", "milestones": [2], "factor": 0.1},
    "temperature": 0.05,
    "base_learning_rate": 0.02,
    "momentum": 0.9,
    "weight_decay": 0.0001,
    "warmup_epochs": 0.5,
    "seed": 0,
    "crop_scale": [0.85, 0.90],
    "crop_ratio": [0.875, 1.1429],
    "erasing": {"probability": 0.5, "area": [0.02, 0.2], "aspect": [0.3, 3.33]},
    "checkpoint_interval": 1,
    "workers": 0,
    "max_training": 2000,
}
CHILD = """
import json, sys
import pandas as pd
import torch
from kuzushiji.classifier import train
from kuzushiji.crops import open_crops
torch.set_num_threads(1)
folder, settings = sys.argv[1], json.loads(sys.argv[2])
rows = pd.read_parquet(f"{folder}/rows.parquet")
train(open_crops([f"{folder}/0.arrow"]), rows[:60], rows[60:], sorted(set(rows["codepoint"])), settings,
      f"{folder}/state", f"{folder}/killed.pth")
"""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Crops of three shapes from one page, and the table of all of them."""
    folder = tmp_path_factory.mktemp("crops")
    rng = np.random.default_rng(0)
    page = rng.normal(200, 10, (360, 400, 3))
    rows = []
    for box in range(90):
        left, top = 40 * (box % 10), 40 * (box // 10)
        shape = int(rng.integers(3))
        center = int(left + rng.integers(17, 23)), int(top + rng.integers(17, 23))
        if shape == 0:
            cv2.circle(page, center, 10, (30, 30, 30), 3)
        elif shape == 1:
            cv2.line(page, (center[0], center[1] - 12), (center[0], center[1] + 12), (30, 30, 30), 4)
        else:
            cv2.rectangle(page, (center[0] - 10, center[1] - 4), (center[0] + 10, center[1] + 4), (30, 30, 30), -1)
        rows.append(("page", box, left, top, left + 40, top + 40, CHARSET[shape]))
    cv2.imwrite(str(folder / "page.png"), page.astype(np.uint8))
    truth = pd.DataFrame(rows, columns=["image_id", "box", "x_min", "y_min", "x_max", "y_max", "codepoint"])
    cut_crops(truth, {"page": folder / "page.png"}, folder / "0.arrow", {"padding": 0.05})
    truth[["image_id", "box", "codepoint"]].to_parquet(folder / "rows.parquet")
    return folder


@pytest.fixture(scope="module")
def crops(folder):
    return open_crops([folder / "0.arrow"])


@pytest.fixture(scope="module")
def rows(folder):
    return pd.read_parquet(folder / "rows.parquet")


def weights(path):
    return torch.load(path, weights_only=True)


def assert_equal_files(one, other):
    one, other = weights(one), weights(other)
    assert one["history"] == other["history"]
    for which in ("best", "last"):
        for name, value in one[which].items():
            assert torch.equal(value, other[which][name]), name


def test_it_learns_and_says_what_it_did(crops, rows, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    settings = {**SETTINGS, "epochs": 12, "schedule": {"kind": "multistep", "milestones": [9], "factor": 0.1}}
    train(crops, rows[:60], rows[60:], CHARSET, settings, tmp_path / "state", tmp_path / "out.pth")
    content = weights(tmp_path / "out.pth")
    history = content["history"]
    assert [entry["epoch"] for entry in history] == list(range(1, 13))
    assert max(entry["accuracy"] for entry in history) >= 0.9
    assert history[-1]["learning_rate"] == pytest.approx(0.002)
    assert content["settings"] == settings and content["charset"] == CHARSET
    assert sum("epoch 12 of 12" in message for message in caplog.messages) == 1
    assert list((tmp_path / "state").iterdir()) == []
    model, charset, _ = load_classifier(tmp_path / "out.pth", "last")
    assert charset == CHARSET and not model.training


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": "rgb", "pca_noise": 0.1, "grayscale": 0.2},
        {
            "mixing": {"method": "icap", "beta": 1.0, "probability": 0.5},
            "schedule": {"kind": "cosine", "period": 2, "minimum": 1e-6},
        },
        {"mixing": None, "erasing": None, "max_training": 5, "batch_size": 512, "workers": 1},
    ],
)
def test_the_same_input_gives_the_same_weights(crops, rows, tmp_path, changes):
    for name in ("one.pth", "other.pth"):
        settings = {**SETTINGS, "epochs": 2, **changes}
        train(crops, rows[:61], rows[61:], CHARSET, settings, tmp_path / "state", tmp_path / name)
    assert_equal_files(tmp_path / "one.pth", tmp_path / "other.pth")


def test_a_killed_training_goes_on_and_ends_as_an_uninterrupted_one(crops, rows, folder, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    settings = {**SETTINGS, "epochs": 12, "workers": 1}
    arguments = [sys.executable, "-c", CHILD, str(folder), json.dumps(settings)]
    child = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    while not list(folder.glob("state/*/state.pt")):
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (folder / "killed.pth").exists()
    inputs = crops, rows[:60], rows[60:], CHARSET, settings
    train(*inputs, folder / "state", folder / "killed.pth")
    assert any("going on after epoch" in message for message in caplog.messages)
    train(*inputs, tmp_path / "state", tmp_path / "whole.pth")
    assert_equal_files(folder / "killed.pth", tmp_path / "whole.pth")


def test_other_crops_do_not_go_on_from_the_state(crops, rows, tmp_path, monkeypatch):
    visited = []

    def hold(folder):
        visited.append(folder)
        raise InputError("stop here")

    monkeypatch.setattr("kuzushiji.classifier.locked", hold)
    others = crops.set_column(5, crops.schema.field("image"), crops["image"].take(list(range(89, -1, -1))))
    for table, training in ((crops, rows[:60]), (crops, rows[:60]), (crops, rows[:59]), (others, rows[:60])):
        with pytest.raises(InputError, match="stop here"):
            train(table, training, rows[60:], CHARSET, SETTINGS, tmp_path, tmp_path / "out.pth")
    assert visited[0] == visited[1] and len(set(visited)) == 3


def test_a_second_copy_fails_clearly(crops, rows, folder, tmp_path):
    settings = {**SETTINGS, "epochs": 300}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), json.dumps(settings)], stderr=subprocess.DEVNULL
    )
    try:
        while not list(folder.glob("state/*/state.pt")):
            assert child.poll() is None
            time.sleep(0.02)
        with pytest.raises(InputError, match="another copy"):
            train(crops, rows[:60], rows[60:], CHARSET, settings, folder / "state", tmp_path / "out.pth")
    finally:
        child.kill()
        child.wait()


def test_rows_without_a_crop_or_class_are_named(crops, rows):
    def make(table, charset):
        return Crops(crops, table, charset, "gray", lambda image: image)

    assert len(make(rows, CHARSET)) == 90
    with pytest.raises(InputError, match=r"box 400 .* has no crop"):
        make(pd.concat([rows, rows.iloc[:1].assign(box=400)]), CHARSET)
    with pytest.raises(InputError, match=r"U\+3046.* of no class"):
        make(rows, CHARSET[:2])


def test_crops_and_labels_belong_together(crops, rows):
    shuffled = rows.sample(frac=1, random_state=0)
    data = Crops(crops, shuffled, CHARSET, "rgb", np.asarray)
    for place in (0, 17, 89):
        image, label = data[place]
        row = shuffled.iloc[place]
        assert CHARSET[label] == row["codepoint"]
        encoded = crops["image"][int(row["box"])].as_py()
        np.testing.assert_array_equal(image, cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB))


def test_too_little_data_is_refused(crops, rows, tmp_path):
    for training, validation in ((rows[:1], rows[60:]), (rows[:60], rows[:0])):
        with pytest.raises(InputError, match="crops"):
            train(crops, training, validation, CHARSET, SETTINGS, tmp_path / "state", tmp_path / "out.pth")


def test_a_loss_that_is_not_finite_ends_the_training(crops, rows, tmp_path):
    with pytest.raises(InputError, match="base_learning_rate"):
        train(
            crops,
            rows[:60],
            rows[60:],
            CHARSET,
            {**SETTINGS, "base_learning_rate": 1e30},
            tmp_path,
            tmp_path / "out.pth",
        )


def rates(settings, steps, epochs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], settings["base_learning_rate"])
    plan = schedule(optimizer, settings, steps)
    found = []
    for update in range(steps * epochs):
        plan.step_update(update)
        found.append(optimizer.param_groups[0]["lr"])
    return np.array(found).reshape(epochs, steps)


def test_multistep_changes_the_rate_with_the_first_update_of_an_epoch():
    settings = {"base_learning_rate": 0.1, "warmup_epochs": 2}
    found = rates({**settings, "schedule": {"kind": "multistep", "milestones": [4, 6], "factor": 0.1}}, 5, 8)
    assert (np.diff(found[:2].ravel()) > 0).all() and 0 < found[0, 0] < 0.02
    np.testing.assert_allclose(np.diff(found[:2].ravel()), np.diff(found[:2].ravel())[0])
    np.testing.assert_allclose(found[2:4], 0.1)
    np.testing.assert_allclose(found[4:6], 0.01)
    np.testing.assert_allclose(found[6:], 0.001)


def test_cosine_starts_after_the_warmup():
    settings = {"base_learning_rate": 0.1, "warmup_epochs": 2}
    found = rates({**settings, "schedule": {"kind": "cosine", "period": 4, "minimum": 1e-3}}, 5, 8).ravel()
    assert found.argmax() == 10 and found[10] == pytest.approx(0.1)
    angle = np.pi * np.arange(20) / 20
    np.testing.assert_allclose(found[10:30], 1e-3 + 0.5 * (0.1 - 1e-3) * (1 + np.cos(angle)))
    np.testing.assert_allclose(found[30:], 1e-3)


def test_an_unknown_schedule_is_refused():
    with pytest.raises(InputError, match="zigzag"):
        rates({"base_learning_rate": 0.1, "warmup_epochs": 0, "schedule": {"kind": "zigzag"}}, 1, 1)
