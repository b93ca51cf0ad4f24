"""Crops of three shapes from one drawn page, and settings to train on them."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from kuzushiji.crops.crops import cut_crops

CHARSET = ["U+3042", "U+3044", "U+3046"]
SETTINGS = {
    "architecture": "test_resnet",
    "pretrained": False,
    "channels": "gray",
    "mean": 0.5,
    "std": 0.25,
    "input_size": 24,
    "resize": [27, 26],
    "letterbox": False,
    "shear": 0,
    "elastic": 0,
    "stroke": 0,
    "sampling": None,
    "start": None,
    "mixing": {"method": "mixup", "alpha": 0.2},
    "rotation": 3,
    "jitter": {"brightness": 0.1, "contrast": 0.1, "saturation": 0.0, "hue": 0.0},
    "pca_noise": 0,
    "grayscale": 0,
    "epochs": 3,
    "batch_size": 16,
    "schedule": {"kind": "multistep", "milestones": [2], "factor": 0.1},
    "temperature": 0.05,
    "optimizer": "sgd",
    "base_learning_rate": 0.02,
    "momentum": 0.9,
    "weight_decay": 0.0001,
    "warmup_epochs": 0.5,
    "seed": 0,
    "crop_scale": [0.85, 0.90],
    "crop_ratio": [0.875, 1.1429],
    "erasing": {"probability": 0.5, "area": [0.02, 0.2], "aspect": [0.3, 3.33]},
    "transforms": "opencv",
    "precision": "float32",
    "checkpoint_interval": 1,
    "max_training": 2000,
}


def draw_crops(folder: Path, count: int = 90) -> pd.DataFrame:
    """Write `0.arrow` and `rows.parquet` (a table "folds" of all crops, box i the crop at place i) to `folder`."""
    rng = np.random.default_rng(0)
    page = rng.normal(200, 10, (40 * (count // 10), 400, 3))
    rows = []
    for box in range(count):
        left, top = 40 * (box % 10), 40 * (box // 10)
        shape = int(rng.integers(3))
        x, y = int(left + rng.integers(17, 23)), int(top + rng.integers(17, 23))
        if shape == 0:
            cv2.circle(page, (x, y), 10, (30, 30, 30), 3)
        elif shape == 1:
            cv2.line(page, (x, y - 12), (x, y + 12), (30, 30, 30), 4)
        else:
            cv2.rectangle(page, (x - 10, y - 4), (x + 10, y + 4), (30, 30, 30), -1)
        rows.append(("page", box, left, top, left + 40, top + 40, CHARSET[shape]))
    cv2.imwrite(str(folder / "page.png"), page.astype(np.uint8))
    truth = pd.DataFrame(rows, columns=["image_id", "box", "x_min", "y_min", "x_max", "y_max", "codepoint"])
    cut_crops(truth, {"page": folder / "page.png"}, folder / "0.arrow", 0.05)
    rows = truth[["image_id", "box", "codepoint"]]
    rows.to_parquet(folder / "rows.parquet")
    return rows
