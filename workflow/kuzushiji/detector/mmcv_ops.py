"""torchvision's operators in place of mmcv's compiled ones, for mmdet with an mmcv that has none."""

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType

import torch
import torchvision  # registers torch.ops.torchvision

_NAME = "mmcv._ext"


def install() -> None:
    """Let `mmcv.ops` be imported without mmcv's compiled extension.

    Call it before the first import of `mmcv.ops` or `mmdet.models`; further calls do nothing, and an existing compiled
    extension is used as it is. Otherwise non-maximum suppression and RoIAlign (average pooling) run on torchvision's
    kernels, on the CPU and on CUDA, and every other operator raises `NotImplementedError` when it is called.
    """
    # sys.modules first, since find_spec raises for a package without a spec.
    if _NAME in sys.modules or importlib.util.find_spec(_NAME) is not None:
        return
    sys.modules[_NAME] = _extension()


def _extension() -> ModuleType:
    module = ModuleType(_NAME, "mmcv's compiled operators, on torchvision's kernels")
    module.__spec__ = ModuleSpec(_NAME, loader=None)
    module.nms = _nms
    module.roi_align_forward = _roi_align_forward
    module.roi_align_backward = _roi_align_backward
    module.__getattr__ = _missing
    return module


def _missing(name: str) -> Callable:
    if name.startswith("__"):
        raise AttributeError(name)

    def operator(*args, **kwargs):
        raise NotImplementedError(
            f"mmcv's operator {name} is not served by torchvision: install mmcv with its compiled extension to use it"
        )

    return operator


def _nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float, offset: int) -> torch.Tensor:
    """Indices of the kept boxes, best score first; widths are `offset` pixels more than `x_max - x_min`."""
    # Shifting the far corners by the offset adds it to the widths of both boxes and intersections.
    shifted = torch.cat([boxes[:, :2], boxes[:, 2:] + offset], dim=1) if offset else boxes
    return torchvision.ops.nms(shifted, scores, iou_threshold)


def _roi_align_forward(
    features,
    rois,
    output,
    argmax_y,
    argmax_x,
    aligned_height,
    aligned_width,
    spatial_scale,
    sampling_ratio,
    pool_mode,
    aligned,
) -> None:
    _average_only(pool_mode)
    pooled = torch.ops.torchvision.roi_align(
        features, rois, spatial_scale, aligned_height, aligned_width, sampling_ratio, aligned
    )
    output.copy_(pooled)


def _roi_align_backward(
    gradient,
    rois,
    argmax_y,
    argmax_x,
    feature_gradient,
    aligned_height,
    aligned_width,
    spatial_scale,
    sampling_ratio,
    pool_mode,
    aligned,
) -> None:
    _average_only(pool_mode)
    feature_gradient += torch.ops.torchvision._roi_align_backward(
        gradient,
        rois,
        spatial_scale,
        aligned_height,
        aligned_width,
        *feature_gradient.shape,
        sampling_ratio,
        aligned,
    )


def _average_only(pool_mode: int) -> None:
    if pool_mode != 1:
        raise NotImplementedError("RoIAlign with maximum pooling is not served by torchvision: use pool_mode='avg'")
