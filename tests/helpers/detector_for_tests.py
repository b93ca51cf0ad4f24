"""Pages with squares for characters, and settings to train a detector on them."""

from pathlib import Path

import cv2
import numpy as np
import yaml

_CONFIG = yaml.safe_load(Path("config.yaml").read_text())
PUBLISHED = {"model": _CONFIG["detector_trainings"]["faster_rcnn"]["model"], "training": _CONFIG["detection"]}
MODEL = {
    "depth": 18,
    "pretrained": False,
    "neck_channels": 8,
    "anchor_sizes": [4],
    "norm_trained": True,
    "training_proposals": 30,
    "sampled_anchors": 32,
    "sampled_proposals": 16,
}
TRAINING = {
    "snapshots": [3, 6],
    "images_per_step": 1,
    "checkpoint_interval": 2,
    "short_sides": [64, 96],
    "warmup_iterations": 2,
    "milestones": [4],
    "clip_gradients": 10.0,
}
SETTINGS = {"model": PUBLISHED["model"] | MODEL, "training": PUBLISHED["training"] | TRAINING}


def draw_pages(folder: Path) -> list[tuple[str, np.ndarray, int, int]]:
    """Three pages with squares for characters, and one without any."""
    draw, found = np.random.default_rng(0), []
    for number in range(4):
        image = draw.integers(200, 256, (110, 90, 3), np.uint8)
        corners = draw.integers(0, 70, (6 if number else 0, 2))
        boxes = np.concatenate([corners, corners + 16], axis=1).astype(float)
        for x, y in corners:
            image[y : y + 16, x : x + 16] = 30
        cv2.imwrite(str(folder / f"{number}.png"), image)
        found.append((str(folder / f"{number}.png"), boxes, 90, 110))
    return found
