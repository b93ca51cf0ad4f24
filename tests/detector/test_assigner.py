import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzushiji.detector.assigner import LooplessMaxIoUAssigner, MaxIoUAssigner
from kuzushiji.detector.config import PUBLISHED_MODEL, model_config


@settings(deadline=None, max_examples=50)
@given(
    seed=st.integers(0, 10_000),
    boxes=st.integers(0, 6),
    anchors=st.integers(0, 12),
    levels=st.sampled_from([3, 7]),
    low_quality=st.booleans(),
)
def test_anchors_get_the_boxes_that_mmdets_loop_gives(seed, boxes, anchors, levels, low_quality):
    """With ties, since overlaps are of few values."""
    overlaps = torch.randint(0, levels, (boxes, anchors), generator=torch.Generator().manual_seed(seed)) / levels
    labels = torch.arange(boxes) + 5
    rules = {"pos_iou_thr": 0.7, "neg_iou_thr": 0.3, "min_pos_iou": 0.3, "match_low_quality": low_quality}
    expected = MaxIoUAssigner(**rules).assign_wrt_overlaps(overlaps, labels)
    found = LooplessMaxIoUAssigner(**rules).assign_wrt_overlaps(overlaps, labels)
    for name in ("gt_inds", "labels", "max_overlaps"):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name


def test_the_published_network_uses_it():
    rules = model_config(PUBLISHED_MODEL)["train_cfg"]["rpn"]["assigner"]
    assert rules["type"] == LooplessMaxIoUAssigner.__name__ and rules["match_low_quality"]
