"""The predictions of one classifier for the boxes of one detector."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from kuzushiji.classifier.cut import cut_views
from kuzushiji.classifier.model import load_classifier, normalize
from kuzushiji.classifier.priors import prior_correction
from kuzushiji.classifier.transforms import letterbox
from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.compute import autocast
from kuzushiji.common.compute import device as choose_device
from kuzushiji.common.errors import InputError
from kuzushiji.common.images import open_page
from kuzushiji.common.progress import Progress
from kuzushiji.common.tables import SCHEMAS
from kuzushiji.crops.crops import crop_box, page_file
from kuzushiji.postprocess.pairwise_suppression import pairwise_suppression


def seven_crops(
    crop: Image.Image, resize: int, size: int, names: list[str], letterboxed: bool = False
) -> list[Image.Image]:
    """The test-time crops called `names` of one character, `size` pixels square, from its `resize` pixels square.

    The published seven: the corners `top_left`, `top_right`, `bottom_left`, `bottom_right` and the `center`, cut at
    `size`; `shrunk_center`, cut without a quarter of the margin on each side, and the `whole`, both shrunk to `size`.
    `letterboxed` keeps the character's aspect (see `letterbox`). Raises `InputError` for another name.
    """
    if letterboxed:
        pixels = np.atleast_3d(np.asarray(crop))  # gray has no channel axis
        square = Image.fromarray(letterbox(pixels, resize).squeeze())
    else:
        square = crop.resize((resize, resize), Image.Resampling.BICUBIC)
    margin = resize - size
    middle, quarter = round(margin / 2), round(margin / 4)
    origin = {
        "top_left": (0, 0),
        "top_right": (margin, 0),
        "bottom_left": (0, margin),
        "bottom_right": (margin, margin),
        "center": (middle, middle),
    }
    inset = {"shrunk_center": quarter, "whole": 0}
    views = []
    for name in names:
        if name in origin:
            left, top = origin[name]
            views.append(square.crop((left, top, left + size, top + size)))
        elif name in inset:
            part = square.crop((inset[name], inset[name], resize - inset[name], resize - inset[name]))
            views.append(part.resize((size, size), Image.Resampling.BICUBIC))
        else:
            raise InputError(f"crops: unknown crop {name}; choose from {', '.join([*origin, *inset])}")
    return views


@torch.inference_mode()
def classify(
    checkpoint: str | os.PathLike,
    detections: pd.DataFrame,
    pages: Mapping[str, Path],
    settings: dict,
    workers: int = 0,
    priors: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The most probable codepoints of every box of one detector: a table "top_k", sorted by page and box.

    `detections` is a table "detections", `pages` maps an image_id to the file of its denoised page, `settings` is
    config's `classify`. Corners are rounded half to even. Boxes without area and then duplicates (see
    `pairwise_suppression`) are dropped; the others keep their numbers. The backbone computes in `precision`; the
    logits, the mean over the test-time crops, and the probabilities, their softmax, are float32. `cut` says how crops
    are made: `pillow`, as published, or `torch`, see `classifier.cut`, except for letterboxed ones. Classes are the
    codepoints of the checkpoint, whatever the labels are now; the `top_k` most probable are listed, or all if the
    classifier has fewer. With a table of `priors`, they are corrected by it before, at the strength of
    `settings["priors"]` (see `classifier.priors`). `workers` processes cut crops. Raises `InputError` that names a
    missing page, or a box outside its page.
    """
    model, charset, trained = load_classifier(checkpoint)
    device = choose_device()
    model = model.to(device, memory_format=torch.channels_last if device.type == "cuda" else torch.preserve_format)
    boxes = _kept(detections, settings["duplicate_iou"])
    views_of_pages = _Pages(boxes, pages, settings, trained)
    loader = DataLoader(views_of_pages, batch_size=None, num_workers=workers, pin_memory=device.type == "cuda")

    count = min(settings["top_k"], len(charset))
    correction = torch.zeros(len(charset))
    if priors is not None:
        correction = prior_correction(priors, charset, settings["priors"]["strength"])
    correction = correction.to(device)
    best, probabilities = [np.empty((0, count), np.int64)], [np.empty((0, count), np.float32)]
    progress = Progress(len(boxes), "boxes")
    # (boxes, crops, channels, size, size), uint8
    for views in _joined((views_of_pages.views(page, device) for page in loader), settings["batch_size"]):
        logits = []
        for part in views.flatten(0, 1).split(settings["batch_size"]):
            images = normalize(part.to(device, non_blocking=True).float() / 255, trained)
            with autocast(device, settings["precision"]):
                logits.append(model(images))
        mean = torch.cat(logits).unflatten(0, views.shape[:2]).mean(1)  # (boxes, classes)
        highest, places = (mean + correction).softmax(1).topk(count)
        best.append(places.cpu().numpy())
        probabilities.append(highest.cpu().numpy())
        progress.update(len(views))
    progress.close()

    named = np.array(charset, dtype=object)[np.concatenate(best)]  # (N, count)
    shares = np.concatenate(probabilities)
    boxes["codepoint"], boxes["probability"] = named[:, 0], shares[:, 0]
    boxes["codepoints"], boxes["probabilities"] = list(named), list(shares)
    return boxes[SCHEMAS["top_k"].names]


def _kept(detections: pd.DataFrame, duplicate_iou: float) -> pd.DataFrame:
    """The boxes to classify, sorted, with corners rounded to integers."""
    boxes = detections.sort_values(["image_id", "box"], ignore_index=True)
    exact = boxes[CORNERS].to_numpy(np.float64)
    boxes[CORNERS] = np.rint(exact).astype(np.int32)
    area = (boxes["x_max"] > boxes["x_min"]) & (boxes["y_max"] > boxes["y_min"])
    boxes, exact = boxes[area], exact[area]
    stays = pairwise_suppression(boxes["image_id"].to_numpy(), exact, boxes["detector_score"].to_numpy(), duplicate_iou)
    return boxes[stays].reset_index(drop=True)


def _channels(page: Image.Image, channels: str) -> Image.Image:
    """A denoised page as a classifier sees it: `gray`, `rgb` or `red`."""
    if channels == "red":
        return page.convert("RGB").getchannel("B")  # denoised pages hold red and blue exchanged
    return page.convert({"gray": "L", "rgb": "RGB"}[channels])


class _Pages(Dataset):
    """All views of all boxes of a page, uint8 (boxes, crops, channels, size, size), page by page.

    What `views` makes of an item, which is these views, or the page and the parts to cut, if PyTorch cuts.
    """

    def __init__(self, boxes: pd.DataFrame, pages: Mapping[str, Path], settings: dict, trained: dict):
        self.boxes = [(image_id, rows[CORNERS].to_numpy()) for image_id, rows in boxes.groupby("image_id")]
        self.pages = pages
        self.settings = settings
        self.trained = trained
        self.resize, self.size = trained["resize"][1], trained["input_size"]
        self.by_torch = settings["cut"] == "torch" and not trained["letterbox"]

    def __len__(self) -> int:
        return len(self.boxes)

    def views(self, item: torch.Tensor | list[torch.Tensor], device: torch.device) -> torch.Tensor:
        if not self.by_torch:
            return item
        page, crops = (part.to(device, non_blocking=True) for part in item)
        return cut_views(page, crops, self.resize, self.size, self.settings["crops"])

    def __getitem__(self, index: int) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        image_id, boxes = self.boxes[index]
        path = page_file(self.pages, image_id)
        try:
            page = _channels(open_page(path), self.trained["channels"])
        except OSError as error:
            raise InputError(f"{path}: the denoised page cannot be read ({error}); denoise it again") from error
        crops = crop_box(boxes, *page.size, self.settings["padding"])
        outside = (crops[:, 2:] <= crops[:, :2]).any(axis=1)
        if outside.any():
            raise InputError(f"page {image_id}: box {boxes[outside][0].tolist()} lies outside its {page.size} pixels")
        names = self.settings["crops"]
        if self.by_torch:
            pixels = np.atleast_3d(np.array(page)).transpose(2, 0, 1)
            return torch.from_numpy(np.ascontiguousarray(pixels)), torch.from_numpy(crops)
        views = [
            seven_crops(page.crop(tuple(crop)), self.resize, self.size, names, self.trained["letterbox"])
            for crop in crops.tolist()
        ]
        array = np.array([[np.asarray(view) for view in box] for box in views])  # gray has no channel axis
        if array.ndim == 4:
            return torch.from_numpy(array).unsqueeze(2)
        return torch.from_numpy(array).permute(0, 1, 4, 2, 3)


def _joined(pages: Iterable[torch.Tensor], least: int) -> Iterator[torch.Tensor]:
    """Boxes of successive pages, joined until they have at least `least` views."""
    waiting: list[torch.Tensor] = []
    for page in pages:
        waiting.append(page)
        if sum(part.shape[0] * part.shape[1] for part in waiting) >= least:
            yield torch.cat(waiting)
            waiting = []
    if waiting:
        yield torch.cat(waiting)
