"""The detector's training pages, randomly chosen and transformed, identical in every repetition of a step."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.dataset import Compose, pseudo_collate
from mmengine.runner import set_random_seed
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision.transforms import v2

from kuzushiji.common.errors import InputError
from kuzushiji.common.seeds import seed_of
from kuzushiji.common.stop import leave_signals
from kuzushiji.detector import mmcv_ops
from kuzushiji.detector.config import pipeline_config
from kuzushiji.detector.model import read_denoised

# Before mmdet's data structures, which import mmcv's operators.
mmcv_ops.install()

import mmdet.datasets.transforms  # noqa: E402, F401 (registers what the pipeline names)
from mmdet.registry import TRANSFORMS  # noqa: E402
from mmdet.structures.bbox import HorizontalBoxes  # noqa: E402

# One training page: the denoised image, its boxes (n, 4) in its pixels, its width and height.
Page = tuple[str | Path, np.ndarray, int, int]


class TrainingPages(Dataset):
    """A data set in which the item (page, draw) is the page at a random size with random colors, in mmdet's form.

    Raises `InputError` if there are no pages, or if a box has no area on its page.
    """

    metainfo: ClassVar = {"classes": ("character",)}

    def __init__(self, pages: Sequence[Page], settings: dict):
        if not len(pages):
            raise InputError("no pages to train the detector on")
        self.pages = [(str(path), _checked(path, boxes, width, height)) for path, boxes, width, height in pages]
        self.seed = settings["seed"]
        self.transform = Compose([TRANSFORMS.build(transform) for transform in pipeline_config(settings)])

    def __len__(self) -> int:
        return len(self.pages)

    def __getitem__(self, item: tuple[int, int]) -> dict:
        page, draw = item
        # The transforms draw from the global generators.
        set_random_seed(seed_of(self.seed, draw))
        path, boxes = self.pages[page]
        image = read_denoised(path)
        return self.transform(
            {
                "img_path": path,
                "img": image,
                "img_shape": image.shape[:2],
                "ori_shape": image.shape[:2],
                "gt_bboxes": HorizontalBoxes(torch.from_numpy(boxes)),
                "gt_bboxes_labels": np.zeros(len(boxes), np.int64),
                "gt_ignore_flags": np.zeros(len(boxes), bool),
            }
        )


def loader(
    pages: TrainingPages, settings: dict, start: int, rank: int = 0, ranks: int = 1, workers: int = 0
) -> DataLoader:
    """Endless batches for the steps from `start` on, for the process `rank` of `ranks`.

    `settings` is the section `detection`. The pages of a step and their transforms depend only on `seed`, the
    step and the number of images per step: not on `start`, the number of processes, or the number of `workers`.
    """
    per_step = settings["images_per_step"]
    return DataLoader(
        pages,
        batch_size=per_step // ranks,
        sampler=_Draws(len(pages), settings["seed"], range(start * per_step + rank, 2**62, ranks)),
        num_workers=workers,
        worker_init_fn=leave_signals,
        persistent_workers=workers > 0,
        pin_memory=workers > 0 and torch.cuda.is_available(),
        collate_fn=pseudo_collate,
    )


@TRANSFORMS.register_module()
class RandomColor(BaseTransform):
    """torchvision's color jitter and random grayscale, on the image of mmdet's results (blue, green, red)."""

    def __init__(self, jitter: dict, grayscale: float):
        self.colors = v2.Compose([v2.ColorJitter(**jitter), v2.RandomGrayscale(grayscale)])

    def transform(self, results: dict) -> dict:
        image = torch.from_numpy(np.ascontiguousarray(results["img"][..., ::-1])).permute(2, 0, 1)
        image = self.colors(image).permute(1, 2, 0).numpy()  # (height, width, 3)
        results["img"] = np.ascontiguousarray(image[..., ::-1])
        return results


class _Draws(Sampler):
    """An endless sampler of (page, draw): all pages in random order, then again in another order."""

    def __init__(self, number: int, seed: int, draws: range):
        self.number, self.seed, self.draws = number, seed, draws

    def __len__(self) -> int:
        return self.number  # the length of an epoch for mmengine

    def __iter__(self) -> Iterator[tuple[int, int]]:
        epoch, order = -1, None
        for draw in self.draws:
            if draw // self.number != epoch:
                epoch = draw // self.number
                order = np.random.default_rng([self.seed, epoch]).permutation(self.number)
            yield int(order[draw % self.number]), draw


def _checked(path: str | Path, boxes: np.ndarray, width: int, height: int) -> np.ndarray:
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    size = np.array([width, height, width, height], np.float32)
    boxes = np.clip(boxes, 0, size)
    bad = np.flatnonzero(~(boxes[:, 2:] > boxes[:, :2]).all(axis=1))
    if bad.size:
        raise InputError(f"{path}: box {bad[0]} of the labels has no area on the page of {width} x {height}; mend it")
    return boxes
