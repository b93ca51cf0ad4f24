"""A picture of augmented training crops, as a classifier sees them."""

import os

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from PIL import Image
from timm.utils import random_seed
from torchvision.utils import make_grid

from kuzushiji.classifier.loader import Crops, find_crops
from kuzushiji.classifier.mixing import augment
from kuzushiji.classifier.training_batches import training_batches
from kuzushiji.crops.crops import open_crops

SHOWN = 12  # crops per batch
BATCHES = 4
PADDING = 2  # pixels
LEAST_SIZE = 64  # least size of a crop in pixels; smaller ones are enlarged


def augmented(
    crops: list[str | os.PathLike], rows: pd.DataFrame, charset: list[str], settings: dict, out: str | os.PathLike
) -> None:
    """Draw the first crops of the first epoch's first batches to the image `out`.

    Arguments are those of `classifier.classifier.train`; `rows` are its training crops. A batch has two lines: its
    crops as in validation, and below each the network's input in training, before normalization.
    """
    places, labels = find_crops(open_crops(crops), rows, charset)
    reader = Crops(crops, settings)
    random_seed(settings["seed"])
    rng, noise = np.random.default_rng([settings["seed"], 0, 1]), torch.Generator().manual_seed(settings["seed"])
    count = min(SHOWN, settings["batch_size"], len(labels)) // 2 * 2  # mixup mixes pairs
    lines = []
    alike = np.full(len(labels), 1 / max(len(labels), 1))
    for _, (batch, draws) in zip(range(BATCHES), training_batches(labels, alike, settings, count, 0), strict=False):
        images = reader.pixels((places[batch], draws))
        targets = F.one_hot(torch.from_numpy(labels[batch]).long(), len(charset)).float()
        images, _ = augment(images, targets, settings, rng, noise)
        lines += [reader.pixels((places[batch], None)), images]
    grid = make_grid(torch.cat(lines).clip(0, 1), count, PADDING, pad_value=1.0)
    pixels = Image.fromarray((grid * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())
    scale = -(-LEAST_SIZE // settings["input_size"])
    pixels.resize((pixels.width * scale, pixels.height * scale), Image.Resampling.NEAREST).save(out)
