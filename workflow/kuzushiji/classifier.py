"""Training one classifier on crops, resumable after every few epochs."""

import logging
import os
import shutil
import time
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
import torch.nn.functional as F
from timm.scheduler import CosineLRScheduler, MultiStepLRScheduler
from timm.scheduler.scheduler import Scheduler
from timm.utils import random_seed
from torch import nn

from kuzushiji.augment import erasing, mixing, pca_noise, training_transform, validation_transform
from kuzushiji.classifier_model import KIND, build_classifier, normalize
from kuzushiji.compute import device as choose_device
from kuzushiji.crop_loader import Crops, loader
from kuzushiji.errors import InputError
from kuzushiji.files import replacing
from kuzushiji.folds import undersample
from kuzushiji.state import locked, state_folder


def train(
    crops: pa.Table,
    training: pd.DataFrame,
    validation: pd.DataFrame,
    charset: list[str],
    settings: dict,
    state: str | os.PathLike,
    out: str | os.PathLike,
) -> None:
    """Train the classifier of `settings` on the crops named by `training` and write it to `out`.

    `training` and `validation` are tables "folds" of rows of `crops`; class i is `charset[i]`. `settings` is flat: the
    keys of config's `classification`, of one entry of `classifiers`, and `max_training` of `folds`. Last, incomplete
    batches are dropped; fewer crops than `batch_size` make one batch of them all (but one, if they are odd: mixup mixes
    pairs).

    `out` holds `{"kind", "best", "last", "charset", "settings", "history"}`: the weights of the epoch with the best
    validation accuracy and of the last, and per epoch its loss, accuracy and learning rate. Every
    `checkpoint_interval` epochs the training is kept in a folder of `state` that belongs to exactly this input; a
    killed run goes on from there and, since every epoch seeds itself, ends as an uninterrupted one. The folder goes
    when `out` is there. Raises `InputError` if another process is at the same training, for crops or codepoints that
    are missing, fewer than two training crops or no validation crops, or a loss that is not finite.
    """
    identity = {"settings": settings, "charset": charset, "content": _content(training, validation, crops)}
    folder = state_folder(state, identity, [])
    with locked(folder):
        run = _Run(crops, training, validation, charset, settings)
        run.resume(folder / "state.pt")
        for epoch in range(len(run.history), settings["epochs"]):
            run.train_epoch(epoch)
            if (epoch + 1) % settings["checkpoint_interval"] == 0:
                run.save(folder / "state.pt")
        content = {"kind": KIND, "best": run.best, "last": _weights(run.model), "charset": list(charset)}
        with replacing(out) as partial:
            torch.save({**content, "settings": settings, "history": run.history}, partial)
        shutil.rmtree(folder)


def schedule(optimizer: torch.optim.Optimizer, settings: dict, steps: int) -> Scheduler:
    """The learning rate of every update, to be set by `step_update(update)`, of `steps` updates an epoch.

    Linear warm-up from near 0 over `warmup_epochs`; then times `factor` at each of `milestones`, counted from the first
    epoch, or a cosine over the `period` epochs that follow the warm-up, down to `minimum`. Raises `InputError` for
    another kind.
    """
    chosen = settings["schedule"]
    warmup = round(settings["warmup_epochs"] * steps)
    common = {
        "warmup_t": warmup,
        "warmup_lr_init": settings["base_learning_rate"] / (warmup + 1),
        "t_in_epochs": False,
    }
    if chosen["kind"] == "multistep":
        # timm changes the rate one update ahead of a milestone.
        milestones = [epoch * steps + 1 for epoch in chosen["milestones"]]
        return MultiStepLRScheduler(optimizer, milestones, chosen["factor"], warmup_prefix=False, **common)
    if chosen["kind"] == "cosine":
        period = chosen["period"] * steps
        return CosineLRScheduler(optimizer, period, lr_min=chosen["minimum"], warmup_prefix=True, **common)
    raise InputError(f"schedule: unknown kind {chosen['kind']}; choose multistep or cosine")


class _Run:
    """One training: its network and optimizer, its data, and what it has reached."""

    def __init__(self, crops, training, validation, charset, settings):
        self.settings = settings
        self.device = choose_device(settings["workers"])
        channels = settings["channels"]
        self.training = Crops(crops, training, charset, channels, training_transform(settings))
        self.validation = Crops(crops, validation, charset, channels, validation_transform(settings))
        used = int(np.minimum(np.bincount(self.training.labels, minlength=1), settings["max_training"]).sum())
        self.batch_size = min(settings["batch_size"], used // 2 * 2)
        if self.batch_size < 2:
            raise InputError(f"{used} training crops: at least two are needed; label more pages")
        if not len(self.validation):
            raise InputError("no validation crops; choose a validation_book with labelled characters")
        self.steps = used // self.batch_size

        random_seed(_seed(settings["seed"], 0))
        self.model = build_classifier(settings, len(charset), settings["temperature"]).to(self.device)
        if self.device.type == "cuda":
            self.model = self.model.to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            settings["base_learning_rate"],
            momentum=settings["momentum"],
            weight_decay=settings["weight_decay"],
        )
        self.schedule = schedule(self.optimizer, settings, self.steps)
        self.mix = mixing(settings["mixing"], len(charset))
        self.erase = erasing(settings["erasing"]) if settings["erasing"] else nn.Identity()
        self.history: list[dict] = []
        self.best: dict | None = None

    def train_epoch(self, epoch: int) -> None:
        """Train on one epoch's crops, validate, and add to the history."""
        start = time.monotonic()
        seed = _seed(self.settings["seed"], epoch + 1)
        random_seed(seed)  # timm draws from Python's, NumPy's and torch's global generators
        rng = np.random.default_rng(seed)
        order = undersample(self.training.labels, self.settings["max_training"], rng)
        batches = order[: self.steps * self.batch_size].reshape(self.steps, self.batch_size).tolist()

        self.model.train()
        total = torch.zeros((), device=self.device)
        for step, (images, labels) in enumerate(loader(self.training, batches, self.settings["workers"], seed)):
            self.schedule.step_update(epoch * self.steps + step)
            images, targets = self.augment(self.to_device(images), labels.to(self.device), rng)
            loss = F.cross_entropy(self.logits(images), targets)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        loss = total.item() / self.steps
        if not np.isfinite(loss):
            raise InputError(f"the loss of epoch {epoch + 1} is {loss}; lower base_learning_rate")

        accuracy = self.validate()
        if self.best is None or accuracy > max(past["accuracy"] for past in self.history):
            self.best = _weights(self.model)
        rate = self.optimizer.param_groups[0]["lr"]
        self.history.append({"epoch": epoch + 1, "loss": loss, "accuracy": accuracy, "learning_rate": rate})
        seconds = time.monotonic() - start
        logging.info(
            "epoch %d of %d: loss %.4f, validation accuracy %.4f, learning rate %.2g; %.0f s, %.1f min to go",
            *(epoch + 1, self.settings["epochs"], loss, accuracy, rate),
            *(seconds, seconds * (self.settings["epochs"] - epoch - 1) / 60),
        )

    def augment(self, images, labels, rng):
        """Images (N, channels, size, size), values 0 to 1, and labels (N,) to the network's input and targets."""
        if self.settings["pca_noise"] and self.settings["channels"] == "rgb":
            images = pca_noise(images, self.settings["pca_noise"])
        images, targets = self.mix(images, labels, rng)
        return normalize(self.erase(images), self.settings), targets

    @torch.inference_mode()
    def validate(self) -> float:
        """The share of validation crops whose most probable class is right."""
        self.model.eval()
        batches = [part.tolist() for part in torch.arange(len(self.validation)).split(self.settings["batch_size"])]
        right = 0
        for images, labels in loader(self.validation, batches, self.settings["workers"], 0):
            logits = self.logits(normalize(self.to_device(images), self.settings))
            right += (logits.argmax(1) == labels.to(self.device)).sum().item()
        return right / len(self.validation)

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            return self.model(images)

    def to_device(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 to values from 0 to 1 where the network is."""
        images = images.to(self.device, non_blocking=True).float() / 255
        return images.to(memory_format=torch.channels_last) if self.device.type == "cuda" else images

    def save(self, path: Path) -> None:
        content = {"model": _weights(self.model), "optimizer": self.optimizer.state_dict(), "best": self.best}
        with replacing(path) as partial:
            torch.save({**content, "history": self.history}, partial)

    def resume(self, path: Path) -> None:
        if not path.exists():
            return
        content = torch.load(path, map_location="cpu", weights_only=True)
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.best, self.history = content["best"], content["history"]
        logging.info("going on after epoch %d of %d", len(self.history), self.settings["epochs"])


def _weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _content(training: pd.DataFrame, validation: pd.DataFrame, crops: pa.Table) -> list[int]:
    """Checksums of the rows and of the crops' bytes."""
    rows = [pd.util.hash_pandas_object(table, index=False).to_numpy() for table in (training, validation)]
    chunks = [chunk for column in crops.columns for chunk in column.chunks]
    buffers = [buffer for chunk in chunks for buffer in chunk.buffers() if buffer is not None]
    return [zlib.crc32(content) for content in [*rows, *buffers]]


def _seed(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
