"""The parts of mmdet's two-stage detectors, for the two ways to count the pixels of a box."""

from typing import NamedTuple

from kuzushiji.common.errors import InputError


class Parts(NamedTuple):
    """mmdet's configurations of the parts that depend on how boxes are counted."""

    anchor_generator: str
    box_coder: str
    overlaps: str
    offset: int  # the width of a box minus (x_max - x_min), in pixels
    smallest: int  # the smallest side of a box, in pixels; smaller ones are dropped; -1 drops none
    aligned: bool  # whether RoIAlign places a pixel at its center
    best_first: bool  # whether a page's boxes are ordered by score, or as they were proposed
    gray_last: bool  # whether gray passes become gray after resizing, or before, once for all sizes
    frozen_eps: float  # the epsilon of a batch norm that is not trained

    def anchors(self, scales: list[float], ratios: list[float], strides: list[int]) -> dict:
        """Anchors with sizes of `scales` times each stride."""
        return {"type": self.anchor_generator, "scales": scales, "ratios": ratios, "strides": strides}

    def rpn_head(self, channels: int, anchors: dict) -> dict:
        return {
            "type": "RPNHead",
            "in_channels": channels,
            "feat_channels": channels,
            "anchor_generator": anchors,
            "bbox_coder": self._coder([1.0, 1.0, 1.0, 1.0]),
            "loss_cls": {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 1.0},
            "loss_bbox": {"type": "L1Loss", "loss_weight": 1.0},
        }

    def box_head(self) -> dict:
        return {
            "num_classes": 1,
            "bbox_coder": self._coder([0.1, 0.1, 0.2, 0.2]),
            "reg_class_agnostic": False,
            "loss_cls": {"type": "CrossEntropyLoss", "use_sigmoid": False, "loss_weight": 1.0},
            "loss_bbox": {"type": "L1Loss", "loss_weight": 1.0},
        }

    def _coder(self, stds: list[float]) -> dict:
        return {"type": self.box_coder, "target_means": [0.0, 0.0, 0.0, 0.0], "target_stds": stds}

    def roi_align(self, size: int, channels: int, strides: list[int]) -> dict:
        return {
            "type": "SingleRoIExtractor",
            "roi_layer": {"type": "RoIAlign", "output_size": size, "sampling_ratio": 0, "aligned": self.aligned},
            "out_channels": channels,
            "featmap_strides": strides,
        }

    def proposals(self, iou: float) -> dict:
        """The suppression among the proposals of one pass."""
        return {
            "nms": {"type": "nms", "iou_threshold": iou, "offset": self.offset},
            "min_bbox_size": min(self.smallest, 0),
        }

    def merging(self) -> dict:
        """The way `detector.detect` merges the boxes of all passes."""
        return {
            "offset": self.offset,
            "min_bbox_size": self.smallest,
            "best_first": self.best_first,
            "gray_last": self.gray_last,
        }

    def assigner(self, above: float, below: float, at_least: float | None) -> dict:
        return {
            "type": "LooplessMaxIoUAssigner",  # registered by `detector.assigner`
            "pos_iou_thr": above,
            "neg_iou_thr": below,
            "min_pos_iou": above if at_least is None else at_least,
            "match_low_quality": at_least is not None,
            "ignore_iof_thr": -1,
            "iou_calculator": {"type": self.overlaps},
        }


_PARTS = {
    "modern": Parts(
        anchor_generator="AnchorGenerator",
        box_coder="DeltaXYWHBBoxCoder",
        overlaps="BboxOverlaps2D",
        offset=0,
        smallest=1,
        aligned=True,
        best_first=True,
        gray_last=False,
        frozen_eps=1e-5,
    ),
    # Registered by `detector.legacy_boxes`.
    "legacy": Parts(
        anchor_generator="RoundedAnchorGenerator",
        box_coder="PixelBoxCoder",
        overlaps="PixelOverlaps",
        offset=1,
        smallest=-1,
        aligned=False,
        best_first=False,
        gray_last=True,
        frozen_eps=0.0,
    ),
}


def parts(components: str) -> Parts:
    """The `modern` parts, which are mmdet's, or the `legacy` parts of maskrcnn-benchmark for the published weights.

    Raises `InputError` for another name.
    """
    if components not in _PARTS:
        raise InputError(f"model.components: {components} is neither of {', '.join(_PARTS)}")
    return _PARTS[components]
