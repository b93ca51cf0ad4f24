"""What feeds a classifier's training, and how fast: the slower of `loader` and `training step` bounds the training.

The first classifier of the configuration on `CROPS` drawn crops, in batches of its size, with a process per core less
one on a GPU. The simple way to load, for comparison: a PNG file per crop, transformed one by one by torchvision.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from crops_for_tests import CHARSET, draw_crops
from PIL import Image
from torch.utils.data import Dataset
from torchvision.transforms import InterpolationMode, v2

from kuzushiji.classifier.loader import Loader, as_pixels, find_crops
from kuzushiji.classifier.run import Rows, Run
from kuzushiji.classifier.transforms import draw
from kuzushiji.common.compute import loaders
from kuzushiji.crops.crops import open_crops

CONFIG = yaml.safe_load(Path("config.yaml").read_text())
SETTINGS = CONFIG["classification"] | next(iter(CONFIG["classifiers"].values()))
SETTINGS |= {"max_training": CONFIG["folds"]["max_training"], "pretrained": False}
CROPS = 4096 if torch.cuda.is_available() else 256
WORKERS = loaders(os.cpu_count())


class Training:
    """A training whose parts can be run alone."""

    def __init__(self, folder: Path):
        rows, self.crops = draw_crops(folder), [folder / "0.arrow"]
        places, labels = find_crops(open_crops(self.crops), rows, CHARSET)
        rng = np.random.default_rng(0)
        chosen = rng.choice(len(places), CROPS)
        self.places = places[chosen]
        everything = Rows(self.places, labels[chosen], np.ones(CROPS, np.float32), np.full(CROPS, 1 / CROPS))
        self.run = Run(self.crops, everything, everything, CHARSET, SETTINGS, WORKERS)
        self.run.model.train()
        self.batches = np.split(np.arange(CROPS), CROPS // SETTINGS["batch_size"])
        self.tasks = [(self.places[batch], draw(SETTINGS, len(batch), rng)) for batch in self.batches]
        self.targets = [self.run.targets(batch) for batch in self.batches]
        self.rng, self.noise = rng, torch.Generator(self.run.device).manual_seed(0)

    def load(self, batches=None):
        for batch in self.run.loader.read(self.tasks[:batches]):
            yield as_pixels(batch.to(self.run.device, non_blocking=True))

    def train(self, batches):
        for batch, wanted in zip(batches, self.targets, strict=False):
            self.run.update(batch, wanted, self.rng, self.noise)
        if torch.cuda.is_available():
            torch.cuda.synchronize()


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    return Training(tmp_path_factory.mktemp("crops"))


@pytest.fixture
def timed(benchmark):
    """Times work on all crops after a warm-up, and says how many they were."""

    def run(work):
        benchmark.extra_info.update(crops=CROPS, workers=WORKERS)
        benchmark.pedantic(work, rounds=1, warmup_rounds=1)

    return run


def test_loader(timed, training):
    timed(lambda: [None for _ in training.load()])


def test_training_step(timed, training):
    (one,) = training.load(1)
    timed(lambda: training.train(one.clone() for _ in training.batches))


def test_loader_and_training_step(timed, training):
    timed(lambda: training.train(training.load()))


def test_plain_loader(timed, training, tmp_path):
    plain = Loader(Files(training, tmp_path), WORKERS)
    timed(lambda: [None for _ in plain.read(training.batches)])


class Files(Dataset):
    """Batches of crops that are PNG files of `folder`, by their numbers; uint8 (N, size, size, channels)."""

    def __init__(self, training: Training, folder: Path):
        self.folder = folder
        self.mode = "L" if SETTINGS["channels"] == "gray" else "RGB"
        side, size, bicubic = SETTINGS["resize"][0], SETTINGS["input_size"], InterpolationMode.BICUBIC
        self.transform = v2.Compose(
            [
                v2.RandomRotation(SETTINGS["rotation"], bicubic),
                v2.Resize((side, side), bicubic),
                v2.RandomResizedCrop((size, size), SETTINGS["crop_scale"], SETTINGS["crop_ratio"], bicubic),
                v2.ColorJitter(**SETTINGS["jitter"]),
                v2.RandomGrayscale(SETTINGS["grayscale"]),
                v2.PILToTensor(),
            ]
        )
        images = open_crops(training.crops)["image"]
        for number, place in enumerate(training.places.tolist()):
            (folder / f"{number}.png").write_bytes(images[place].as_buffer())

    def __getitem__(self, numbers: np.ndarray) -> torch.Tensor:
        files = [Image.open(self.folder / f"{number}.png").convert(self.mode) for number in numbers.tolist()]
        return torch.stack([self.transform(image) for image in files]).permute(0, 2, 3, 1)
