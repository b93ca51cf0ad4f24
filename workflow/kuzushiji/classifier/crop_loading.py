"""The speed of loading crops and of training on them, and which of the two limits the training."""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import Dataset
from torchvision.transforms import InterpolationMode, v2

from kuzushiji.classifier.loader import Loader, Task, as_pixels, find_crops
from kuzushiji.classifier.run import Rows, Run
from kuzushiji.classifier.transforms import draw
from kuzushiji.crops.crops import open_crops

PLAIN = "plain loader: a PNG file a crop, Pillow"


def crop_loading(
    crops: list[str | os.PathLike], rows: pd.DataFrame, charset: list[str], settings: dict, workers: int
) -> pd.DataFrame:
    """Seconds and crops a second of the loader alone, of training steps alone, and of both together.

    Arguments are those of `classifier.classifier.train`; `settings` also has `crops`, the number of crops to time, in
    whole batches, drawn from the training crops `rows`. The last row is the simple way for comparison, on the same
    crops with as many workers: a PNG file per crop, transformed one by one by torchvision as Pillow images. One batch
    is loaded and trained before the clock starts, as a warm-up.
    """
    places, labels = find_crops(open_crops(crops), rows, charset)
    rng = np.random.default_rng(settings["seed"])
    count = max(1, settings["crops"] // settings["batch_size"]) * settings["batch_size"]
    chosen = rng.choice(len(places), count, replace=count > len(places))
    places, labels = places[chosen], labels[chosen]
    everything = Rows(places, labels, np.ones(len(places), np.float32))
    run = Run(crops, everything, everything, charset, settings, workers)
    batches = np.split(np.arange(count), count // settings["batch_size"])
    tasks = [(places[batch], draw(settings, len(batch), rng)) for batch in batches]
    targets = [run.targets(batch) for batch in batches]
    noise = torch.Generator(run.device).manual_seed(settings["seed"])

    def images(loaded: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        return (as_pixels(batch.to(run.device, non_blocking=True)) for batch in loaded)

    def train(batches_of_images: Iterable[torch.Tensor]) -> None:
        for batch, wanted in zip(batches_of_images, targets, strict=False):
            run.update(batch, wanted, rng, noise)

    def load(loader: Loader, wanted: list[Task]) -> None:
        for _ in loader.read(wanted):
            pass

    run.model.train()
    seconds = {}
    (one,) = images(run.loader.read(tasks[:1]))
    seconds["loader"] = _seconds(lambda: load(run.loader, tasks))
    train([one.clone()])
    seconds["training step"] = _seconds(lambda: train(one.clone() for _ in batches))
    seconds["both"] = _seconds(lambda: train(images(run.loader.read(tasks))))
    with tempfile.TemporaryDirectory() as folder:
        plain = Loader(_Files(crops, places, settings, Path(folder)), workers)
        load(plain, batches[:1])
        seconds[PLAIN] = _seconds(lambda: load(plain, batches))

    slower = max("loader", "training step", key=seconds.get)
    logging.info("on %s with %d workers, the %s bounds the training", run.device, workers, slower)
    table = pd.DataFrame({"part": seconds.keys(), "crops": count, "seconds": seconds.values()})
    table["crops_per_second"] = table["crops"] / table["seconds"]
    table["bounds"] = table["part"] == slower
    return table.assign(classifier=settings["classifier"], device=run.device.type, workers=workers)


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


class _Files(Dataset):
    """Batches of crops that are PNG files of `folder`, by their numbers; uint8 (N, size, size, channels)."""

    def __init__(self, crops: list[str | os.PathLike], places: np.ndarray, settings: dict, folder: Path):
        self.folder = folder
        self.mode = "L" if settings["channels"] == "gray" else "RGB"
        self.transform = _transform(settings)
        images = open_crops(crops)["image"]
        for number, place in enumerate(places.tolist()):
            (folder / f"{number}.png").write_bytes(images[place].as_buffer())

    def __getitem__(self, numbers: np.ndarray) -> torch.Tensor:
        files = [Image.open(self.folder / f"{number}.png").convert(self.mode) for number in numbers.tolist()]
        return torch.stack([self.transform(image) for image in files]).permute(0, 2, 3, 1)


def _transform(settings: dict) -> v2.Transform:
    side, size = settings["resize"][0], settings["input_size"]
    bicubic = InterpolationMode.BICUBIC
    return v2.Compose(
        [
            v2.RandomRotation(settings["rotation"], bicubic),
            v2.Resize((side, side), bicubic),
            v2.RandomResizedCrop((size, size), settings["crop_scale"], settings["crop_ratio"], bicubic),
            v2.ColorJitter(**settings["jitter"]),
            v2.RandomGrayscale(settings["grayscale"]),
            v2.PILToTensor(),
        ]
    )
