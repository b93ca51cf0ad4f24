"""Finding characters on pages: the detector with test-time augmentation."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset, get_worker_info
from torchvision.ops import clip_boxes_to_image, nms

from kuzushiji.common.compute import autocast, device
from kuzushiji.common.errors import InputError
from kuzushiji.common.progress import Progress
from kuzushiji.common.tables import concat_tables
from kuzushiji.detector.faster import feature_parts, make_faster
from kuzushiji.detector.model import load_detector, read_denoised

# A view of a page: its width and height in pixels, and whether in gray.
View = tuple[tuple[int, int], bool]


def detect(
    checkpoint: str | os.PathLike, pages: Iterable[tuple[str, str | Path]], settings: dict, workers: int = 0
) -> pd.DataFrame:
    """The characters that the detector of `checkpoint` finds on `pages`, pairs of image id and denoised image.

    `settings` is the section `detect` with the passes of the chosen mode, and the section `model` as `model`,
    which must be the one the checkpoint was trained with. `workers` processes read and resize the next pages.
    The result has the columns of the table "detections", with a page's boxes numbered in the order of `detect_page`. It
    does not depend on other pages, and on the number of views in a batch only by rounding.
    Raises `InputError` if the checkpoint or a page cannot be read.
    """
    return detect_pages(ready(checkpoint, settings), list(pages), settings, workers)


def ready(checkpoint: str | os.PathLike, settings: dict) -> nn.Module:
    """The network of a checkpoint for `detect`, on its device, in the settings' `precision` and `faster` by them."""
    model, _ = load_detector(checkpoint, settings["model"])
    limit_proposals(model, settings)
    model.to(device())
    make_faster(model, settings["faster"])
    set_precision(model, settings["precision"])
    return model


def detect_pages(
    model: nn.Module, pages: list[tuple[str, str | Path]], settings: dict, workers: int = 0
) -> pd.DataFrame:
    """`detect` with a loaded network."""
    tables = []
    views = _ahead([path for _, path in pages], settings, model.merging["gray_last"], workers)
    with Progress(len(pages), "pages") as progress:
        for (image_id, _), (size, batches) in zip(pages, views, strict=True):
            if isinstance(batches, np.ndarray):
                batches = batches_of(batches, settings, model.merging["gray_last"])
            boxes, scores = _detect(model, size, batches, settings)
            table = pd.DataFrame(boxes, columns=["x_min", "y_min", "x_max", "y_max"])
            number = np.arange(len(boxes), dtype=np.int32)
            tables.append(table.assign(image_id=image_id, box=number, detector_score=scores))
            logging.info("%s: %d boxes", image_id, len(boxes))
            progress.update()
    return concat_tables(tables, "detections")


def limit_proposals(model: nn.Module, settings: dict) -> None:
    """Set the number of proposals per pass of `model` from the section `detect`.

    A one-stage network has places instead: at most `proposals_before_nms` per level, with at least `score`, and the
    best `proposals` of all levels. Raises `InputError` if the network is of neither kind.
    """
    most = {"nms_pre": settings["proposals_before_nms"], "max_per_img": settings["proposals"]}
    if _two_stage(model):
        model.rpn_head.test_cfg.update(most)
    else:
        # Boxes that are too small are dropped when the passes are merged.
        most |= {"score_thr": settings["score"], "min_bbox_size": -1}
        model.bbox_head.test_cfg = ConfigDict({**(model.bbox_head.test_cfg or {}), **most})


def _two_stage(model: nn.Module) -> bool:
    from mmdet.models.detectors import SingleStageDetector, TwoStageDetector  # here: they need mmcv's operators

    if not isinstance(model, TwoStageDetector | SingleStageDetector):
        raise InputError(
            f"model: {type(model).__name__} is neither a two-stage nor a one-stage detector of mmdet's; choose another"
        )
    return isinstance(model, TwoStageDetector)


def set_precision(model: nn.Module, precision: str) -> None:
    """Let `model` compute its features, which take nearly all of its time, in `precision`.

    The input of the heads is float32, and so are their logits, probabilities and boxes: bfloat16 would round a corner
    at 1000 pixels to a multiple of 4. Raises `InputError` like `autocast`.
    """

    def in_float32(_, given, found):
        return found.float() if isinstance(found, torch.Tensor) else tuple(level.float() for level in found)

    context = autocast(next(model.parameters()).device, precision)
    for part in feature_parts(model):
        part.forward = context(part.forward)
        part.register_forward_hook(in_float32)


def detect_page(model: nn.Module, image: np.ndarray, settings: dict) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4) in pixels of `image` and their scores (n,), both float32.

    `image` is a denoised page as `read_denoised` gives it, `settings` the section `detect` with a mode's passes. As in
    the published solution, the page passes the network at several sizes, in color and in gray; each pass gives all
    proposals with at least `score`, and one non-maximum suppression runs over all of them, in the frame of the first
    pass. A pass equal to an earlier one is left out, since the suppression would drop all of its boxes. Boxes are
    clipped to the page. At most `max_detections` stay, plus ties with the last of them.

    With modern components, boxes less than a pixel wide or high are dropped, and the best score comes first. With
    legacy components, as published, none is dropped, though some have no area, and boxes are in the order of the passes
    and, within a pass, of the proposals, on which the later pairwise suppressions depend.
    """
    height, width = image.shape[:2]
    batches = batches_of(image, settings, model.merging["gray_last"])
    return _detect(model, (width, height), batches, settings)


def _detect(
    model: nn.Module, size: tuple[int, int], batches: Iterable[tuple[list[View], torch.Tensor]], settings: dict
) -> tuple[np.ndarray, np.ndarray]:
    width, height = size
    rules = model.merging
    found = {}
    for views, images in batches:
        for view, (boxes, scores) in zip(views, propose(model, images), strict=True):
            # Back to the page: the axes differ, since both sides are whole pixels.
            boxes = clip_boxes_to_image(boxes / _scale(view[0], width, height).to(boxes), (height, width))
            found[view] = boxes, scores
    # In the order of the passes, which decides between equal scores.
    ordered = [found[view] for view in _views(width, height, settings)]
    boxes, scores = (torch.cat(parts) for parts in zip(*ordered, strict=True))
    # Of all passes at once: on a GPU each such choice waits until all before it is computed.
    kept = scores >= settings["score"]
    if rules["min_bbox_size"] >= 0:
        kept &= (boxes[:, 2:] - boxes[:, :2] >= rules["min_bbox_size"]).all(dim=1)
    boxes, scores = boxes[kept], scores[kept]

    first = resized(width, height, settings["first_short_side"], settings["max_long_side"])
    inside = boxes * _scale(first, width, height).to(boxes)
    inside[:, 2:] += rules["offset"]
    kept = nms(inside, scores, settings["nms_iou"])
    most = settings["max_detections"]
    if len(kept) > most:
        kept = kept[scores[kept] >= scores[kept[most - 1]]]
    if not rules["best_first"]:
        kept, _ = kept.sort()
    return boxes[kept].cpu().numpy(), scores[kept].cpu().numpy()


def _views(width: int, height: int, settings: dict) -> list[View]:
    """The views of a page in the order of its passes, without duplicates."""
    longest = settings["max_long_side"]
    return list(dict.fromkeys((resized(width, height, side, longest), gray) for side, gray in passes(settings)))


def batches_of(image: np.ndarray, settings: dict, gray_last: bool) -> Iterator[tuple[list[View], torch.Tensor]]:
    """Batches of views of one size, within `batch_megapixels`, and their pixels (n, height, width, 3).

    By Pillow, or as `resize` says by `torch`, which is faster, and where this process has a GPU there. `gray_last`:
    gray views become gray after resizing, as in the published solution.
    """
    height, width = image.shape[:2]
    pixels = (_resized_by_torch if settings["resize"] == "torch" else _resized_by_pillow)(image, gray_last)
    by_size: dict[tuple[int, int], list[View]] = {}
    for view in _views(width, height, settings):
        by_size.setdefault(view[0], []).append(view)
    for size, views in by_size.items():
        together = max(1, int(settings["batch_megapixels"] * 1e6 // (size[0] * size[1])))
        for start in range(0, len(views), together):
            part = views[start : start + together]
            yield part, torch.stack([pixels(*view) for view in part])


def _grayed(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def _resized_by_pillow(image: np.ndarray, gray_last: bool) -> Callable[[tuple[int, int], bool], torch.Tensor]:
    """A function of a view of the page, which gives its pixels (height, width, 3)."""
    color = Image.fromarray(image)
    gray = None if gray_last else Image.fromarray(_grayed(image))

    def pixels(size: tuple[int, int], is_gray: bool) -> torch.Tensor:
        if is_gray and gray is not None:
            return torch.from_numpy(np.array(gray.resize(size, Image.Resampling.BILINEAR)))
        view = color.resize(size, Image.Resampling.BILINEAR)
        if is_gray:
            blue, green, red = view.split()
            view = Image.merge("RGB", [Image.merge("RGB", [red, green, blue]).convert("L")] * 3)
        return torch.from_numpy(np.array(view))

    return pixels


def _resized_by_torch(image: np.ndarray, gray_last: bool) -> Callable[[tuple[int, int], bool], torch.Tensor]:
    """`_resized_by_pillow` by PyTorch, on the GPU if there is one: some values differ, by one level or, rarely, two."""
    # A process that reads ahead must not touch the GPU.
    on_gpu = torch.cuda.is_available() and get_worker_info() is None
    place = torch.device("cuda" if on_gpu else "cpu")

    def uploaded(pixels: np.ndarray) -> torch.Tensor:
        moved = torch.from_numpy(pixels).to(place).permute(2, 0, 1)[None]  # channels last, as its fast kernel wants
        return moved.float() if on_gpu else moved

    color = uploaded(image)
    gray = None if gray_last else uploaded(_grayed(image))
    shares = torch.tensor([7471, 38470, 19595], device=place)[:, None, None]  # Pillow's, of blue, green and red

    def pixels(size: tuple[int, int], is_gray: bool) -> torch.Tensor:
        source = gray if is_gray and gray is not None else color
        view = F.interpolate(source, size[::-1], mode="bilinear", antialias=True)[0]
        if on_gpu:
            view = view.round().clamp(0, 255).to(torch.uint8)
        if is_gray and gray is None:
            view = ((view.int() * shares).sum(0, keepdim=True) + 0x8000 >> 16).to(torch.uint8).expand(3, -1, -1)
        return view.permute(1, 2, 0)

    return pixels


class _Pages(Dataset):
    """The size of every page, and its batches, or with `resize: torch` the page itself: the GPU makes its views faster.

    Batches are made one by one, but all at once in a process that reads ahead.
    """

    def __init__(self, paths: list[str | Path], settings: dict, gray_last: bool):
        self.paths, self.settings, self.gray_last = paths, settings, gray_last

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[tuple[int, int], Iterable[tuple[list[View], torch.Tensor]]]:
        image = read_denoised(self.paths[index])
        if self.settings["resize"] == "torch" and torch.cuda.is_available():
            return image.shape[1::-1], image
        batches = batches_of(image, self.settings, self.gray_last)
        return image.shape[1::-1], batches if get_worker_info() is None else list(batches)


def _as_it_is(page):
    return page


def _ahead(paths: list[str | Path], settings: dict, gray_last: bool, workers: int) -> DataLoader:
    """The size and the batches of every page; `workers` processes prepare the next pages while one passes."""
    return DataLoader(
        _Pages(paths, settings, gray_last),
        batch_size=None,
        collate_fn=_as_it_is,
        num_workers=workers,
        prefetch_factor=1 if workers else None,  # all views of a page take up to half a gigabyte
    )


def passes(settings: dict) -> list[tuple[int, bool]]:
    """The short side of every pass over a page, and whether it is gray."""
    modes = (False, True) if settings["grayscale"] else (False,)
    return [(settings["first_short_side"], False)] + [
        (side, gray) for side in settings["short_sides"] for gray in modes
    ]


def resized(width: int, height: int, short_side: int, max_long_side: int) -> tuple[int, int]:
    """Width and height in pixels for a `short_side`, smaller if the long side would exceed its maximum.

    The long side is truncated to whole pixels, as in the published solution.
    """
    short, long = min(width, height), max(width, height)
    if int(short_side * long / short) > max_long_side:
        short_side = max(1, round(max_long_side * short / long))
    long_side = min(int(short_side * long / short), max_long_side)
    return (short_side, long_side) if width <= height else (long_side, short_side)


@torch.inference_mode()
def propose(model: nn.Module, images: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The boxes and scores that mmdet's `model` gives for `images` (n, height, width, 3), uint8, unsuppressed.

    For each image: boxes (m, 4) in its pixels, and scores (m,): of every proposal of a two-stage network, and of the
    places that `limit_proposals` lets a one-stage network name.
    """
    from mmdet.structures import DetDataSample  # here, since it needs operators that building the model installs

    shape = tuple(images.shape[1:3])
    meta = {"img_shape": shape, "ori_shape": shape, "scale_factor": (1.0, 1.0)}
    pixels = list(images.permute(0, 3, 1, 2).contiguous())
    batch = {"inputs": pixels, "data_samples": [DetDataSample(metainfo=meta) for _ in pixels]}
    batch = model.data_preprocessor(batch, False)
    samples = batch["data_samples"]
    features = model.extract_feat(batch["inputs"])
    metas = [sample.metainfo for sample in samples]
    if not _two_stage(model):
        found = model.bbox_head.predict_by_feat(*model.bbox_head(features), batch_img_metas=metas, with_nms=False)
        best = [page[page.scores.argsort(descending=True, stable=True)] for page in found]
        most = model.bbox_head.test_cfg["max_per_img"]
        return [(page.bboxes[:most], page.scores[:most]) for page in best]
    proposals = model.rpn_head.predict(features, samples, rescale=False)
    # Without a configuration mmdet leaves out thresholds and suppression.
    found = model.roi_head.predict_bbox(features, metas, proposals, rcnn_test_cfg=None, rescale=False)
    return [(page.bboxes, page.scores[:, 0]) for page in found]  # the last class is the background


def _scale(size: tuple[int, int], width: int, height: int) -> torch.Tensor:
    x, y = size[0] / width, size[1] / height
    return torch.tensor([x, y, x, y])
