"""Files like the published ones: their structure and pickled types, with the weights of the golden cases' rule."""

import argparse
import json
import os
import sys
from collections import Counter, OrderedDict
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from published_weights import rule_weights

from kuzushiji.published.import_detections import BoxList

# Where pickling looks for the class of a page's boxes, as where the original runs.
for depth in range(1, 4):
    name = ".".join(BoxList.__module__.split(".")[:depth])
    sys.modules[name] = ModuleType(name)
sys.modules[BoxList.__module__].BoxList = BoxList

GOLDEN = Path(__file__).parents[1] / "golden"
CHARSET = [f"U+{0x4E00 + number:04X}" for number in range(4212)]
# The golden case of each classifier, and what config says of it.
_SIZES = {"input_size": 112, "resize": [124, 120]}
CLASSIFIERS = {
    "efficientnet_b4_gray": {
        "architecture": "efficientnet_b4",
        "channels": "gray",
        "input_size": 190,
        "resize": [210, 200],
    },
    "resnet152_gray": {"architecture": "resnet152", "channels": "gray", **_SIZES},
    "resnet152_rgb": {"architecture": "resnet152", "channels": "rgb", **_SIZES},
    "se_resnext101_rgb": {"architecture": "legacy_seresnext101_32x4d", "channels": "rgb", **_SIZES},
}


def classifier_checkpoint(case: str) -> dict:
    """What the published training saved."""
    weights, settings = rule_weights(GOLDEN / f"{case}_state.tsv"), CLASSIFIERS[case]
    mean, std = (0.589, 0.364) if case == "efficientnet_b4_gray" else (0.0, 1.0)
    args = argparse.Namespace(
        model=settings["architecture"],
        grayscale=settings["channels"] == "gray",
        l2softmax_temp=0.05,
        rgb_mean=[mean] * 3,
        rgb_std=[std] * 3,
        scale_size=settings["resize"][0],
        input_size=settings["input_size"],
        seed=None,
    )
    content = {
        "model": OrderedDict(weights["model"]),
        "optimizer": {"state": {0: {"momentum_buffer": torch.ones(2)}}, "param_groups": [{"lr": 1e-5, "params": [0]}]},
        "scheduler": {"milestones": Counter([20, 40]), "gamma": 0.1, "last_epoch": 60},
        "arch": settings["architecture"],
        "num_classes": len(CHARSET),
        "class_names": list(CHARSET),
        "args": args,
        "epoch": 60,
        "acc1": 0.96,
    }
    if "metric_fc" in weights:
        head = OrderedDict(weights["metric_fc"])
        return content | {"metric_fc": head, "metric_in_features": 2048, "metrics_type": "l2softmax"}
    return content | {"metrics_type": "embedded_l2softmax"}


def detector_checkpoint(iteration: int) -> dict:
    """What the published detector's training on two GPUs saved."""
    anchors = torch.from_numpy(np.load(GOLDEN / "detector_golden.npz")["cell_anchors"])
    weights = rule_weights(GOLDEN / "detector_r101_c4_state.tsv")["model"]
    weights["rpn.anchor_generator.cell_anchors.0"] = anchors.float()
    model = OrderedDict((f"module.{name}", value) for name, value in weights.items())
    return {"model": model, "optimizer": {}, "scheduler": {"milestones": (50000,)}, "iteration": iteration}


def box_list(boxes, size, scores=None) -> BoxList:
    """The original's boxes (n, 4) of a page of this size, by default with rising scores."""
    one, boxes = BoxList(), torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    fields = {
        "scores": torch.linspace(0.1, 0.9, len(boxes)) if scores is None else scores,
        "labels": torch.ones(len(boxes), dtype=torch.int64),
    }
    vars(one).update(bbox=boxes, size=size, mode="xyxy", extra_fields=fields)
    return one


def save(content: object, path: Path) -> Path:
    """Save in the format of PyTorch before 1.6, as all published files are."""
    torch.save(content, path, _use_new_zipfile_serialization=False)
    return path


class Touch:
    """Its unpickling runs code, which leaves a file at `path`."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {json.dumps(str(self.path))}",)
