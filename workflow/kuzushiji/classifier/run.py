"""One process's part of a classifier's training."""

import logging
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from timm.utils import random_seed
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from kuzushiji.classifier.learning_rate import schedule
from kuzushiji.classifier.loader import Crops, Loader, Task, as_pixels
from kuzushiji.classifier.mixing import augment
from kuzushiji.classifier.model import L2Softmax, build_classifier, load_classifier, normalize
from kuzushiji.classifier.training_batches import batch_size_of, training_batches
from kuzushiji.classifier.transforms import share
from kuzushiji.classifier.validation import accuracies
from kuzushiji.common.compute import autocast, sent
from kuzushiji.common.compute import device as choose_device
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.progress import Progress
from kuzushiji.common.seeds import random_state, seed_of, set_random_state
from kuzushiji.common.state import set_aside
from kuzushiji.common.stop import Stop, Stopped
from kuzushiji.common.untrusted import DAMAGED


class Rows(NamedTuple):
    """Crops: places in the files and classes, int32; target values of the classes, float32; and weights; each (N,)."""

    places: np.ndarray
    labels: np.ndarray
    targets: np.ndarray
    weights: np.ndarray  # float64: how often each is drawn, where epochs are sampled


class Run:
    """One process's part of a training: its network and optimizer, its data, and its progress."""

    def __init__(
        self,
        crops: list[str | os.PathLike],
        training: Rows,
        validation: Rows,
        charset: list[str],
        settings: dict,
        workers: int = 0,
        rank: int = 0,
        ranks: int = 1,
        start: str | os.PathLike | None = None,
        pretrained: str | os.PathLike | None = None,
    ):
        self.settings = settings
        self.training, self.validation = training, validation
        self.classes = len(charset)
        self.rank, self.ranks = rank, ranks
        self.batch_size, self.steps = batch_size_of(training.labels, settings, ranks)
        self.crops = Crops(crops, settings)
        self.loader = Loader(self.crops, workers)
        self.device = choose_device()

        random_seed(settings["seed"])
        model = (
            started(start, charset, settings)
            if start
            else build_classifier(settings, self.classes, settings["temperature"], pretrained)
        )
        model = model.to(self.device, memory_format=torch.channels_last)  # as images come from the loader
        self.model = model
        self.parallel = DistributedDataParallel(model) if ranks > 1 else model
        self.optimizer = optimizer_of(model, settings)
        self.schedule = schedule(self.optimizer, settings, self.steps)
        self.history: list[dict] = []
        self.best: dict | None = None
        self.within: dict | None = None  # where a stopped training is within an epoch
        self.stop = Stop()

    def progress(self) -> Progress:
        """A counter of the steps of all epochs, from the present one on."""
        done = len(self.history) * self.steps + (self.within["steps"] if self.within else 0)
        return Progress(self.settings["epochs"] * self.steps, "steps", done, first=self.rank == 0)

    def train_epoch(self, epoch: int, progress: Progress) -> None:
        """Train on one epoch's crops, validate, and append to the history; `progress` counts the steps.

        Asked to stop, it notes where it is, for `save`, and raises `Stopped`.
        """
        start = time.monotonic()
        # timm draws from Python's and NumPy's global generators: all processes draw the same for the whole batch.
        random_seed(seed_of(self.settings["seed"], epoch))
        rng = np.random.default_rng([self.settings["seed"], epoch, 1])
        noise = torch.Generator(self.device).manual_seed(seed_of(self.settings["seed"], epoch))

        self.model.train()
        done, total = 0, torch.zeros((), device=self.device)
        if self.within:
            done, spent = self.within["steps"], self.within["seconds"]
            total, start = total + self.within["total"], start - spent
            set_random_state(self.within["random"], rng, noise)
            self.within = None
        for step, (images, targets) in enumerate(self.batches(epoch, done), done):
            self.schedule.step_update(epoch * self.steps + step)
            total += self.update(images, targets, rng, noise)
            progress.update()
            if self.stop.after(epoch * self.steps + step):
                self.within = {"steps": step + 1, "total": total.item(), "seconds": time.monotonic() - start}
                self.within["random"] = random_state(rng, noise)
                raise Stopped
        loss = self.summed(total).item() / self.steps / self.ranks
        if not np.isfinite(loss):
            raise InputError(f"the loss of epoch {epoch + 1} is {loss}; lower base_learning_rate")

        predicted = self.predict()
        accuracy, macro_accuracy = accuracies(predicted.numpy(), self.validation.labels)
        if self.best is None or accuracy > max(past["accuracy"] for past in self.history):
            self.best = {"weights": weights(self.model), "predicted": predicted}
        rate, seconds = self.optimizer.param_groups[0]["lr"], time.monotonic() - start
        scores = {"epoch": epoch + 1, "loss": loss, "accuracy": accuracy, "macro_accuracy": macro_accuracy}
        self.history.append({**scores, "learning_rate": rate, "seconds": round(seconds, 2)})
        logging.info(
            "epoch %d of %d: loss %.4f, validation accuracy %.4f (mean over codepoints %.4f), learning rate %.2g; "
            "%.0f s",
            *(epoch + 1, self.settings["epochs"], loss, accuracy, macro_accuracy, rate, seconds),
        )

    def update(
        self, images: torch.Tensor, targets: torch.Tensor, rng: np.random.Generator, noise: torch.Generator
    ) -> torch.Tensor:
        """One step on a batch, of which this process computes its part; returns the loss of that part."""
        own = self.own(len(images))
        images, targets = augment(images, targets, self.settings, rng, noise)
        loss = F.cross_entropy(self.logits(normalize(images[own], self.settings), self.parallel), targets[own])
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def batches(self, epoch: int, done: int = 0) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Batches of transformed crops, of which each process reads a part, with targets (N, classes).

        The first `done` of the epoch are left out.
        """
        own = self.own(self.batch_size)
        reading = deque()  # the batches that are being read: all crops, and this process's task

        def tasks() -> Iterator[Task]:
            drawn = training_batches(self.training.labels, self.training.weights, self.settings, self.batch_size, epoch)
            for rows, draws in islice(drawn, done, None):
                task = self.training.places[rows[own]], share(draws, own)
                reading.append((rows, task))
                yield task

        for part in self.loader.read(tasks()):
            rows, task = reading.popleft()
            part = self.crops.finished(part.to(self.device, non_blocking=True), task)
            yield as_pixels(self.gathered(part)), self.targets(rows)

    def targets(self, rows: np.ndarray) -> torch.Tensor:
        """The targets of the training crops `rows`: (N, classes), zero except for their own class."""
        labels = sent(torch.from_numpy(self.training.labels[rows]).long(), self.device)
        shares = sent(torch.from_numpy(self.training.targets[rows]), self.device)
        return F.one_hot(labels, self.classes) * shares[:, None]

    @torch.inference_mode()
    def predict(self) -> torch.Tensor:
        """The most probable class of every validation crop, int32 on the CPU."""
        if self.ranks > 1:  # running statistics are each process's own until the next training step
            for buffer in self.model.buffers():
                distributed.broadcast(buffer, 0)
        self.model.eval()
        own = self.own(len(self.validation.places))
        batches = np.split(self.validation.places[own], range(self.batch_size, own.stop - own.start, self.batch_size))
        read = [
            self.logits(normalize(as_pixels(images.to(self.device, non_blocking=True)), self.settings), self.model)
            .argmax(1)
            .int()
            for images in self.loader.read((places, None) for places in batches if len(places))
        ]
        predicted = torch.zeros(len(self.validation.places), dtype=torch.int32, device=self.device)
        predicted[own] = torch.cat([predicted[:0], *read])
        return self.summed(predicted).cpu()

    def logits(self, images: torch.Tensor, model: nn.Module) -> torch.Tensor:
        """Normalized images (N, channels, size, size) to (N, classes), in the precision of the settings."""
        with autocast(self.device, self.settings["precision"]):
            return model(images)

    def own(self, count: int) -> slice:
        """The slice of `count` items that belongs to this process."""
        return slice(count * self.rank // self.ranks, count * (self.rank + 1) // self.ranks)

    def gathered(self, part: torch.Tensor) -> torch.Tensor:
        """The parts of all processes, of equal length, concatenated."""
        if self.ranks == 1:
            return part
        whole = part.new_empty((len(part) * self.ranks, *part.shape[1:]))
        distributed.all_gather_into_tensor(whole, part)
        return whole

    def summed(self, value: torch.Tensor) -> torch.Tensor:
        """The sum over all processes."""
        if self.ranks > 1:
            distributed.all_reduce(value)
        return value

    def save(self, path: Path) -> None:
        """Write the state for `resume`."""
        content = {"model": weights(self.model), "optimizer": self.optimizer.state_dict(), "best": self.best}
        with written(path) as partial:
            torch.save({**content, "history": self.history, "within": self.within}, partial)

    def resume(self, path: Path) -> None:
        """Continue from the state that `save` wrote, if there is one; one that cannot be read is set aside."""
        if not path.exists():
            return
        kinds = ("model", "optimizer", "best", "history", "within")
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            model, optimizer, best, history, within = (content[kind] for kind in kinds)
        except (*DAMAGED, OSError) as error:
            set_aside(path, error)
            return
        self.model.load_state_dict(model)
        self.optimizer.load_state_dict(optimizer)
        self.best, self.history, self.within = best, history, within
        steps = within["steps"] if within else 0
        logging.info("going on after epoch %d of %d, step %d", len(history), self.settings["epochs"], steps)


def optimizer_of(model: nn.Module, settings: dict) -> torch.optim.Optimizer:
    """SGD, or AdamW, which networks without batch norm need; `momentum` is SGD's alone."""
    rate, decay = settings["base_learning_rate"], settings["weight_decay"]
    if settings["optimizer"] == "adamw":
        return torch.optim.AdamW(model.parameters(), rate, weight_decay=decay)
    return torch.optim.SGD(model.parameters(), rate, momentum=settings["momentum"], weight_decay=decay)


def started(path: str | os.PathLike, charset: list[str], settings: dict) -> nn.Module:
    """The network of another checkpoint, with its best weights and the classes of `charset`.

    Codepoints that it does not know start at random. Raises `InputError` if `charset` lacks some that it knows, or if
    it is not the network of the settings.
    """
    model, known, trained = load_classifier(path)
    lost = sorted(set(known) - set(charset))
    if lost:
        raise InputError(f"{path}: reads codepoints that this training lacks ({', '.join(lost[:5])}); train it again")
    for name in ("architecture", "channels", "temperature"):
        if trained[name] != settings[name]:
            raise InputError(f"{path}: {name} is {trained[name]}, not {settings[name]}; train it again")
    if known != charset:
        head = L2Softmax(model.backbone.head_hidden_size, len(charset), settings["temperature"])
        with torch.no_grad():
            head.weight[[charset.index(codepoint) for codepoint in known]] = model.head.weight
        model.head = head
    return model


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """A copy of the weights on the CPU."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


@contextmanager
def written(path: str | os.PathLike) -> Iterator[Path]:
    """`replacing`, with an `InputError` if the file cannot be written completely."""
    try:
        with replacing(path) as partial:
            yield partial
    except (OSError, RuntimeError) as error:  # RuntimeError is what torch's writer raises
        raise InputError(
            f"{path}: cannot be written ({error}); make room on the disk and start again: what was there is kept"
        ) from error
