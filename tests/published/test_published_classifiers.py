"""The published solution's constants against config.yaml, and the learning rates they make."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from kuzushiji.classifier.learning_rate import schedule

CONFIG = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())
MIXUP, ICAP = {"method": "mixup", "alpha": 0.2}, {"method": "icap", "beta": 1.0, "probability": 0.5}
STEPS = {"kind": "multistep", "milestones": [20, 40, 60, 70], "factor": 0.1}
FIRST, SECOND = "200015779", "200003076"  # held-out books


def jitter(share):
    return {"brightness": share, "contrast": share, "saturation": share, "hue": share / 2}


def cosine(minimum):
    return {"kind": "cosine", "period": 86, "minimum": minimum}


NAMES = ["01_efficientnet_b4", "02_resnet152", "03_seresnext101", "04_seresnext101", "05_resnet152"]
SERESNEXT = "legacy_seresnext101_32x4d"
PUBLISHED = {
    "architecture": ["efficientnet_b4", "resnet152", SERESNEXT, SERESNEXT, "resnet152"],
    "pretrained": [False, False, True, True, True],
    "channels": ["gray", "gray", "rgb", "rgb", "rgb"],
    "mean": [0.589, 0, 0, 0, 0],
    "std": [0.364, 1, 1, 1, 1],
    "input_size": [190, 112, 112, 112, 112],
    "resize": [[210, 200], *[[124, 120]] * 4],
    "validation_book": [FIRST, FIRST, FIRST, SECOND, SECOND],
    "mixing": [MIXUP, MIXUP, MIXUP, ICAP, ICAP],
    "rotation": [3, 3, 3, 5, 3],
    "jitter": [jitter(0.1), jitter(0.1), jitter(0.2), jitter(0.25), jitter(0.25)],
    "pca_noise": [0, 0, 0.1, 0.125, 0.125],
    "grayscale": [0, 0, 0.2, 0.2, 0.2],
    "epochs": [80, 80, 80, 90, 90],
    "batch_size": [128, 512, 256, 256, 512],
    "schedule": [STEPS, STEPS, STEPS, cosine(1e-6), cosine(1e-7)],
}


def test_there_are_five_classifiers():
    assert list(CONFIG["classifiers"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_constant_of_a_classifier_is_the_published_one(name):
    published = {key: values[NAMES.index(name)] for key, values in PUBLISHED.items()}
    assert CONFIG["classifiers"][name] == published


def test_what_all_classifiers_share_is_as_published():
    common = dict(CONFIG["classification"])
    # Ours, since the published training had neither: a seed, mixed precision as hardware has it now, resumable states.
    assert {common.pop(name) for name in ("seed", "precision", "checkpoint_interval")} == {0, "bfloat16", 1}
    # What the published training did not have is off.
    off = {"letterbox": False, "shear": 0, "elastic": 0, "stroke": 0, "sampling": None, "start": None}
    off["transforms"] = "opencv"
    assert {name: common.pop(name) for name in off} == off
    assert common == {
        "temperature": 0.05,
        "optimizer": "sgd",
        "base_learning_rate": 0.1,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "warmup_epochs": 5,
        "crop_scale": [0.85, 0.90],
        "crop_ratio": [0.875, 1.1429],
        "erasing": {"probability": 0.5, "area": [0.02, 0.40], "aspect": [0.3, 3.33]},
    }


def test_folds_and_crops_are_as_published():
    folds = dict(CONFIG["folds"])
    assert folds.pop("seed") == 0  # ours
    assert folds == {
        "moved_share": 0.10,
        "moved": 20,
        "min_training": 100,
        "min_validation": 20,
        "max_training": 2000,
    }
    assert CONFIG["crops"] == {"padding": 0.05}


def epochs(name, steps=10):
    """The learning rate at the first update of every epoch."""
    settings = {**CONFIG["classification"], **CONFIG["classifiers"][name]}
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], settings["base_learning_rate"])
    plan, rates = schedule(optimizer, settings, steps), []
    for epoch in range(settings["epochs"]):
        plan.step_update(epoch * steps)
        rates.append(optimizer.param_groups[0]["lr"])
    return np.array(rates)


@pytest.mark.parametrize("name", ["01_efficientnet_b4", "02_resnet152", "03_seresnext101"])
def test_the_multistep_rates_at_given_epochs(name):
    found = epochs(name)
    # Counted from 0: warmed up at 5, divided by ten at 20, 40, 60 and 70.
    expected = {1: 0.1 * 11 / 51, 5: 0.1, 19: 0.1, 20: 0.01, 39: 0.01, 40: 1e-3, 59: 1e-3, 60: 1e-4, 69: 1e-4, 70: 1e-5}
    np.testing.assert_allclose(found[list(expected)], list(expected.values()))


@pytest.mark.parametrize(("name", "minimum"), [("04_seresnext101", 1e-6), ("05_resnet152", 1e-7)])
def test_the_cosine_rates_at_given_epochs(name, minimum):
    found = epochs(name)
    assert found[5] == pytest.approx(0.1)
    # Half of the cosine's 86 epochs after the warm-up of 5, and at the beginning of the last epoch.
    assert found[5 + 43] == pytest.approx((0.1 + minimum) / 2)
    assert found[89] == pytest.approx(minimum + (0.1 - minimum) * (1 + np.cos(np.pi * 84 / 86)) / 2)
    assert (np.diff(found[:6]) > 0).all() and (np.diff(found[5:]) < 0).all()
