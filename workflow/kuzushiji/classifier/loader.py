"""Loading encoded crops for a classifier, in batches that worker processes decode."""

import os
from collections.abc import Iterable, Iterator
from functools import cached_property

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch.utils.data import DataLoader, Dataset

from kuzushiji.classifier.torch_transforms import transform_batch
from kuzushiji.classifier.transforms import Draws, center, decode, letterbox, square, transform
from kuzushiji.common.errors import InputError
from kuzushiji.common.stop import leave_signals
from kuzushiji.crops.crops import open_crops

# Places of crops in the files, and their random transforms; without these, crops are read as in validation.
Task = tuple[np.ndarray, Draws | None]


def find_crops(crops: pa.Table, rows: pd.DataFrame, charset: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """The place of each row's crop in `crops`, and its label (its codepoint's place in `charset`): both int32, (N,).

    `crops` is the table of `crops.crops.open_crops`, `rows` a table "folds", repeats included. Raises `InputError`
    for the first row without a crop or with a codepoint outside `charset`, or for a duplicate crop.
    """
    pages = pc.unique(crops["image_id"])
    there = _keys(crops["image_id"], crops["box"].to_numpy(), pages)
    order = np.argsort(there, kind="stable")
    there = there[order]
    twice = np.flatnonzero(there[1:] == there[:-1])
    if len(twice):
        row = crops.slice(int(order[twice[0]]), 1).to_pylist()[0]
        raise InputError(f"page {row['image_id']}, box {row['box']} was cut twice; cut the crops again")

    wanted = _keys(pa.array(rows["image_id"], pa.string()), rows["box"].to_numpy(), pages)
    found = np.searchsorted(there, wanted)
    uncut = np.append(there, -1)[found] != wanted
    labels = pd.Index(charset).get_indexer(rows["codepoint"]).astype(np.int32)
    for bad, problem in (uncut, "has no crop; cut the crops again"), (labels < 0, "is of no class of the charset"):
        if bad.any():
            row = rows[bad].iloc[0]
            raise InputError(f"page {row['image_id']}, box {row['box']} ({row['codepoint']}) {problem}")
    return order[found].astype(np.int32), labels


def _keys(image_ids: pa.Array | pa.ChunkedArray, boxes: np.ndarray, pages: pa.Array) -> np.ndarray:
    """A number for each page and box; pages that are not among `pages` share one more number."""
    places = pc.fill_null(pc.index_in(image_ids, value_set=pages), len(pages)).to_numpy(zero_copy_only=False)
    return (places.astype(np.int64) << 32) | boxes.astype(np.int64)


class Crops(Dataset):
    """Pixels of the crops in the files `paths`, batch by batch: a task to uint8 (N, input_size, input_size, channels).

    Holds only paths: each process maps the files into its own memory. An item with a damaged crop is an `InputError`.
    With `transforms: torch`, training crops are only fitted, and have the size that `finished` transforms.
    """

    def __init__(self, paths: list[str | os.PathLike], settings: dict):
        self.paths = paths
        self.settings = settings

    @cached_property
    def table(self) -> pa.Table:
        cv2.setNumThreads(0)  # for small images, threads would only wait for each other
        return open_crops(self.paths)

    @cached_property
    def images(self) -> pa.ChunkedArray:
        return self.table["image"]

    def __getitem__(self, task: Task) -> torch.Tensor | InputError:
        places, draws = task
        size, channels = self.settings["input_size"], self.settings["channels"]
        fit = letterbox if self.settings["letterbox"] else square
        fitted_only = draws is not None and self.settings["transforms"] == "torch"
        side = self.settings["resize"][0] if fitted_only else size
        batch = np.empty((len(places), side, side, 3 if channels == "rgb" else 1), np.uint8)
        try:
            if fitted_only:
                for row, place in enumerate(places.tolist()):
                    batch[row] = fit(self.read(place), side)
            elif draws is not None:
                transform(map(self.read, places.tolist()), draws, self.settings, batch)
            else:
                for row, place in enumerate(places.tolist()):
                    batch[row] = center(fit(self.read(place), self.settings["resize"][1]), size)
        except InputError as error:
            return error
        return torch.from_numpy(batch)

    def pixels(self, task: Task) -> torch.Tensor:
        """A batch as values from 0 to 1, (N, channels, input_size, input_size). Raises the item's `InputError`."""
        batch = self[task]
        if isinstance(batch, InputError):
            raise batch
        return as_pixels(self.finished(batch, task))

    def finished(self, batch: torch.Tensor, task: Task) -> torch.Tensor:
        """The item of `task`, on any device, after what is left to do there: (N, input_size, input_size, channels)."""
        places, draws = task
        if draws is None or self.settings["transforms"] != "torch":
            return batch
        return transform_batch(batch, draws, self.aspects[places], self.settings)

    @cached_property
    def aspects(self) -> np.ndarray:
        """Height over width of every crop, (N,)."""
        return self.table["height"].to_numpy() / self.table["width"].to_numpy()

    def read(self, place: int) -> np.ndarray:
        """The pixels of one crop, (height, width, channels) uint8."""
        image = decode(np.frombuffer(self.images[place].as_buffer(), np.uint8), self.settings["channels"])
        if image is None:
            row = self.table.select(["image_id", "box"]).slice(place, 1).to_pylist()[0]
            raise InputError(f"page {row['image_id']}, box {row['box']}: its crop is damaged; cut the crops again")
        return image


def as_pixels(images: torch.Tensor) -> torch.Tensor:
    """uint8 (N, height, width, channels) to (N, channels, height, width) with values from 0 to 1."""
    return images.permute(0, 3, 1, 2).float() / 255


class Loader:
    """A loader that reads tasks in order in `workers` processes, which stay alive between lists of tasks.

    It draws nothing at random, so that the batches do not depend on the number of workers.
    """

    def __init__(self, crops: Dataset, workers: int):
        self._tasks = _Tasks()
        self._loader = DataLoader(
            crops,
            batch_size=None,
            sampler=self._tasks,
            num_workers=workers,
            worker_init_fn=leave_signals,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available(),
            generator=torch.Generator(),  # else PyTorch draws a seed from the global generator
        )

    def read(self, tasks: Iterable[Task]) -> Iterator[torch.Tensor]:
        """The batches of `tasks`, in their order. Raises `InputError` for a damaged crop."""
        self._tasks.tasks = tasks
        for batch in self._loader:
            if isinstance(batch, InputError):
                raise batch
            yield batch


class _Tasks:
    tasks: Iterable[Task] = ()

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)
