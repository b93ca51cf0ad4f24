"""Finding characters on pages: the detector with test-time augmentation."""

import os
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn
from torchvision.ops import clip_boxes_to_image, nms

from kuzushiji.compute import device
from kuzushiji.detection_model import load_detector, read_denoised
from kuzushiji.tables import concat_tables


def detect(checkpoint: str | os.PathLike, pages: Iterable[tuple[str, str | Path]], settings: dict) -> pd.DataFrame:
    """All characters that the detector of `checkpoint` finds on `pages`, pairs of image id and denoised image.

    `settings` is the section `detect`. The result has the columns of the table "detections": a page's boxes are
    numbered from the best score down, and do not depend on which other pages are passed.
    Raises `InputError` if the checkpoint or a page cannot be read.
    """
    model, _ = load_detector(checkpoint)
    model.to(device())
    tables = []
    for image_id, path in pages:
        boxes, scores = detect_page(model, read_denoised(path), settings)
        table = pd.DataFrame(boxes, columns=["x_min", "y_min", "x_max", "y_max"])
        tables.append(table.assign(image_id=image_id, box=np.arange(len(boxes), dtype=np.int32), detector_score=scores))
    return concat_tables(tables, "detections")


def detect_page(model: nn.Module, image: np.ndarray, settings: dict) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4) in pixels of `image` and their scores (n,), both float32, best score first.

    `image` is a denoised page as `read_denoised` gives it, `settings` the section `detect`. As the published solution
    does, the page is passed at several sizes, in color and in gray; each pass gives every proposal that reaches
    `score`, and one non-maximum suppression runs over all of them, in the frame of the first pass.
    Boxes are clipped to the page, those less than a pixel wide or high are dropped. At most `max_detections` stay,
    and what ties with the last of them.
    """
    height, width = image.shape[:2]
    color = Image.fromarray(image)
    gray = Image.fromarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))
    found_boxes, found_scores = [], []
    for short_side, grayscale in passes(settings):
        size = resized(width, height, short_side, settings["max_long_side"])
        view = (gray if grayscale else color).resize(size, Image.Resampling.BILINEAR)
        boxes, scores = propose(model, np.asarray(view))
        # Back to the page: the axes differ, since both sides are whole pixels.
        boxes = clip_boxes_to_image(boxes / _scale(size, width, height).to(boxes), (height, width))
        sides = boxes[:, 2:] - boxes[:, :2]
        kept = (scores >= settings["score"]) & (sides >= 1).all(dim=1)
        found_boxes.append(boxes[kept])
        found_scores.append(scores[kept])
    boxes, scores = torch.cat(found_boxes), torch.cat(found_scores)

    first = resized(width, height, settings["first_short_side"], settings["max_long_side"])
    kept = _suppress(model, boxes * _scale(first, width, height).to(boxes), scores, settings["nms_iou"])
    most = settings["max_detections"]
    if len(kept) > most:
        kept = kept[scores[kept] >= scores[kept[most - 1]]]
    return boxes[kept].cpu().numpy(), scores[kept].cpu().numpy()


def passes(settings: dict) -> list[tuple[int, bool]]:
    """The short side and whether in gray, of every pass over a page."""
    modes = (False, True) if settings["grayscale"] else (False,)
    return [(settings["first_short_side"], False)] + [
        (side, gray) for side in settings["short_sides"] for gray in modes
    ]


def resized(width: int, height: int, short_side: int, max_long_side: int) -> tuple[int, int]:
    """Width and height in pixels at a `short_side`, less where the long side would exceed its maximum.

    The long side is truncated to whole pixels, as in the published solution.
    """
    short, long = min(width, height), max(width, height)
    if int(short_side * long / short) > max_long_side:
        short_side = max(1, round(max_long_side * short / long))
    long_side = min(int(short_side * long / short), max_long_side)
    return (short_side, long_side) if width <= height else (long_side, short_side)


@torch.inference_mode()
def propose(model: nn.Module, image: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """What a two-stage mmdet `model` says of every proposal: boxes (n, 4) in pixels of `image`, and scores (n,)."""
    from mmdet.structures import DetDataSample  # here, since it needs the operators that the model has installed

    pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
    shape = image.shape[:2]
    sample = DetDataSample(metainfo={"img_shape": shape, "ori_shape": shape, "scale_factor": (1.0, 1.0)})
    batch = model.data_preprocessor({"inputs": [pixels], "data_samples": [sample]}, False)
    samples = batch["data_samples"]
    features = model.extract_feat(batch["inputs"])
    proposals = model.rpn_head.predict(features, samples, rescale=False)
    metas = [sample.metainfo for sample in samples]
    # Without a configuration mmdet leaves out thresholds and suppression.
    (found,) = model.roi_head.predict_bbox(features, metas, proposals, rcnn_test_cfg=None, rescale=False)
    return found.bboxes, found.scores[:, 0]  # the last class is the background


def _suppress(model: nn.Module, boxes: torch.Tensor, scores: torch.Tensor, iou: float) -> torch.Tensor:
    offset = model.roi_head.test_cfg["nms"]["offset"]
    return nms(torch.cat([boxes[:, :2], boxes[:, 2:] + offset], dim=1), scores, iou)


def _scale(size: tuple[int, int], width: int, height: int) -> torch.Tensor:
    x, y = size[0] / width, size[1] / height
    return torch.tensor([x, y, x, y])
