"""mmdet's assignment of boxes to anchors without its loop over the boxes, which waits for the GPU at each of them.

The import registers the class for mmdet's configurations.
"""

import torch
from torch import Tensor

from kuzushiji.detector import mmcv_ops

mmcv_ops.install()  # before mmdet's modules, which import mmcv's operators

from mmdet.models.task_modules import AssignResult, MaxIoUAssigner  # noqa: E402
from mmdet.registry import TASK_UTILS  # noqa: E402


@TASK_UTILS.register_module()
class LooplessMaxIoUAssigner(MaxIoUAssigner):
    """`MaxIoUAssigner`, with the same result, for boxes that take all anchors that overlap them most."""

    def assign_wrt_overlaps(self, overlaps: Tensor, gt_labels: Tensor) -> AssignResult:
        """mmdet's interface: overlaps (boxes, anchors), labels (boxes,)."""
        low_quality, self.match_low_quality = self.match_low_quality, False
        try:
            result = super().assign_wrt_overlaps(overlaps, gt_labels)
        finally:
            self.match_low_quality = low_quality
        if not low_quality or not overlaps.numel():
            return result
        most = overlaps.amax(dim=1, keepdim=True)
        box, anchor = (overlaps == most.where(most >= self.min_pos_iou, torch.inf)).nonzero().T
        # Of several boxes for which an anchor is the best the last one gets it, as in the loop.
        chosen = torch.zeros_like(result.gt_inds).scatter_reduce(0, anchor, box + 1, "amax")
        result.gt_inds = torch.where(chosen > 0, chosen, result.gt_inds)
        result.labels = torch.where(chosen > 0, gt_labels[(chosen - 1).clamp(min=0)], result.labels)
        return result
