"""maskrcnn-benchmark's boxes, with which the published weights were trained, for mmdet.

There a box ends at its last pixel, so that its width is `x_max - x_min + 1`, and no corner lies beyond the last pixel
of the page. The import registers the classes for mmdet's configurations.
"""

import math

import numpy as np
import torch
from torch import Tensor

from kuzushiji.detector import mmcv_ops

mmcv_ops.install()  # before mmdet's modules, which import mmcv's operators

from mmdet.models.task_modules import AnchorGenerator, BboxOverlaps2D, DeltaXYWHBBoxCoder  # noqa: E402
from mmdet.registry import TASK_UTILS  # noqa: E402
from mmdet.structures.bbox import get_box_tensor  # noqa: E402


@TASK_UTILS.register_module()
class RoundedAnchorGenerator(AnchorGenerator):
    """Anchors whose sides are rounded at the stride's size and then scaled; they end at their last pixel.

    As in maskrcnn-benchmark and, before it, py-faster-rcnn (Girshick, 2015).
    """

    def gen_single_level_base_anchors(self, base_size, scales, ratios, center=None) -> Tensor:
        """Anchors (ratios x scales, 4) of the first cell of the feature grid, in pixels, scales varying fastest."""
        ratios, scales = ratios.double().numpy(), scales.double().numpy()
        widths = np.round(np.sqrt(base_size**2 / ratios))
        sides = np.stack([widths, np.round(widths * ratios)], axis=1)
        beyond = (sides[:, None] * scales[:, None] - 1).reshape(-1, 2) / 2  # from the center to the last pixel
        middle = (base_size - 1) / 2
        return torch.from_numpy(np.concatenate([middle - beyond, middle + beyond], axis=1)).float()


@TASK_UTILS.register_module()
class PixelBoxCoder(DeltaXYWHBBoxCoder):
    """Deltas between boxes that end at their last pixel, with limited growth and unlimited shrinking."""

    def __init__(self, **settings):
        # With a limit to the center's shift, here infinite, mmdet limits growth alone.
        super().__init__(add_ctr_clamp=True, ctr_clamp=math.inf, **settings)

    def encode(self, bboxes, gt_bboxes) -> Tensor:
        """The deltas (n, 4) from `bboxes` to `gt_bboxes`, both (n, 4)."""
        return super().encode(with_last_pixel(bboxes), with_last_pixel(gt_bboxes))

    def decode(self, bboxes, pred_bboxes, max_shape=None, wh_ratio_clip=16 / 1000) -> Tensor:
        """Boxes (n, classes * 4) from `bboxes` (n, 4) and their deltas, clipped to a page of `max_shape` (h, w)."""
        decoded = super().decode(with_last_pixel(bboxes), pred_bboxes, None, wh_ratio_clip).unflatten(-1, (-1, 4))
        decoded[..., 2:] -= 1
        if max_shape is not None:
            height, width = max_shape[:2]
            decoded[..., 0::2].clamp_(0, width - 1)
            decoded[..., 1::2].clamp_(0, height - 1)
        return decoded.flatten(-2)


@TASK_UTILS.register_module()
class PixelOverlaps(BboxOverlaps2D):
    """Intersection over union of boxes that end at their last pixel."""

    def __call__(self, bboxes1, bboxes2, mode="iou", is_aligned=False) -> Tensor:
        """mmdet's interface: (m, n), or (m,) for aligned boxes."""
        return super().__call__(with_last_pixel(bboxes1), with_last_pixel(bboxes2), mode, is_aligned)


def with_last_pixel(boxes) -> Tensor:
    """Boxes (..., 4) that include their last pixel: one pixel wider and higher."""
    boxes = get_box_tensor(boxes)
    return boxes + boxes.new_tensor([0, 0, 1, 1])
