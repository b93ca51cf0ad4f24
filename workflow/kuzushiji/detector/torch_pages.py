"""The detector's training pages cut and colored on the network's device, where all pages lie."""

from functools import cache

import numpy as np
import torch
from mmengine.runner import set_random_seed
from mmengine.structures import InstanceData
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from kuzushiji.common.seeds import seed_of
from kuzushiji.detector.model import read_denoised
from kuzushiji.detector.pages import TrainingPages

from mmdet.structures import DetDataSample  # isort: skip (after mmcv's operators, which `pages` installs)


class TorchPages(TrainingPages):
    """`TrainingPages` on a GPU, or the CPU where there is none: the same sizes, windows and colors, drawn otherwise.

    A page is read once and stays in the device's memory, as bytes; a window is cut from it before it is resized, so
    that a view costs little however large the page is. Only for the process that trains, not for loaders of its own.
    """

    def __init__(self, pages, settings: dict):
        super().__init__(pages, settings)
        self.settings = settings
        self.colors = v2.Compose([v2.ColorJitter(**settings["jitter"]), v2.RandomGrayscale(settings["grayscale"])])
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.image = cache(self._image)

    def __getitem__(self, item: tuple[int, int]) -> dict:
        page, draw = item
        seed = seed_of(self.seed, draw)
        rng = np.random.default_rng(seed)
        set_random_seed(seed)  # torchvision draws from the global generator
        path, boxes = self.pages[page]
        image = self.image(path)
        view, boxes = self.cut(image, boxes, rng)
        view = self.colors(view.flip(0)).flip(0)  # red first, as torchvision has it
        size = tuple(view.shape[1:])
        about = {"img_path": path, "img_shape": size, "ori_shape": size, "scale_factor": (1, 1)}
        sample = DetDataSample(metainfo=about)
        sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(len(boxes), dtype=torch.long))
        return {"inputs": view, "data_samples": sample}

    def cut(
        self, image: torch.Tensor, boxes: np.ndarray, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A window of the page at a random size: its pixels (3, height, width), and the boxes in it, clipped (n, 4)."""
        whole = np.array(image.shape[1:])  # height and width
        side = rng.choice(self.settings["short_sides"])
        scale = min(side / whole.min(), self.settings["max_long_side"] / whole.max())
        resized = np.rint(whole * scale).astype(int)
        sheet, place, gray = self.expand(resized, rng)
        window = np.minimum(sheet, self.settings["crop"] or sheet)
        start = rng.integers(0, sheet - window + 1) - place  # on the page, or beside it
        first, last = np.clip([start, start + window], 0, resized)
        view = image.new_full((3, *window.tolist()), gray)
        if (last > first).all():
            top, left = np.floor(first / scale).astype(int)
            bottom, right = np.minimum(np.ceil(last / scale).astype(int), whole)
            part = functional.resize(image[:, top:bottom, left:right], (last - first).tolist(), antialias=True)
            (y, x), (y_end, x_end) = first - start, last - start
            view[:, y:y_end, x:x_end] = part
            factors = (last - first) / [bottom - top, right - left]
            boxes = (boxes - [left, top, left, top]) * factors[[1, 0, 1, 0]] + [x, y, x, y]
            boxes = np.clip(boxes, [x, y, x, y], [x_end, y_end, x_end, y_end])
        else:
            boxes = boxes[:0]
        seen = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        return view, torch.from_numpy(boxes[seen].astype(np.float32))

    def expand(self, size: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
        """The size of the sheet under a page of this size, the page's place on it, and the sheet's gray."""
        settings = self.settings["expand"]
        if settings is None or rng.random() >= settings["probability"]:
            return size, np.zeros_like(size), 0
        sheet = (size * rng.uniform(1, settings["ratio"])).astype(int)
        return sheet, rng.integers(0, sheet - size + 1), int(rng.choice(settings["grays"]))

    def _image(self, path: str) -> torch.Tensor:
        return torch.from_numpy(read_denoised(path)).permute(2, 0, 1).contiguous().to(self.device)
