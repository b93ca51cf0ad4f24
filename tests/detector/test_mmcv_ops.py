import subprocess
import sys

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzushiji.detector import mmcv_ops

mmcv_ops.install()

from mmcv.ops import batched_nms, nms, roi_align, soft_nms  # noqa: E402


def random_boxes(seed, count, side=60):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * side
    return torch.cat([corner, corner + torch.rand(count, 2, generator=generator) * side / 2], dim=1)


def suppressed_by_hand(boxes, scores, threshold, offset):
    """Greedy suppression written from its definition."""
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        for j in kept:
            low, high = np.maximum(boxes[i, :2], boxes[j, :2]), np.minimum(boxes[i, 2:], boxes[j, 2:])
            overlap = np.prod(np.clip(high - low + offset, 0, None))
            areas = np.prod(boxes[i, 2:] - boxes[i, :2] + offset) + np.prod(boxes[j, 2:] - boxes[j, :2] + offset)
            if overlap / (areas - overlap) > threshold:
                break
        else:
            kept.append(i)
    return kept


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 40), offset=st.sampled_from([0, 1]))
def test_nms_keeps_what_the_definition_keeps(seed, count, offset):
    boxes = random_boxes(seed, count).double()
    scores = torch.rand(count, generator=torch.Generator().manual_seed(seed + 1)).double()
    found, kept = nms(boxes, scores, 0.5, offset=offset)
    assert kept.tolist() == suppressed_by_hand(boxes.numpy(), scores.numpy(), 0.5, offset)
    torch.testing.assert_close(found, torch.cat([boxes, scores[:, None]], dim=1)[kept])


def test_the_offset_widens_boxes_by_a_pixel():
    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 5.0, 9.0, 9.0]])  # 36 of 81, or 50 of 100 with the offset
    scores = torch.tensor([0.9, 0.8])
    assert nms(boxes, scores, 0.47, offset=0)[1].tolist() == [0, 1]
    assert nms(boxes, scores, 0.47, offset=1)[1].tolist() == [0]


def test_batched_nms_suppresses_within_a_group_only():
    boxes, scores = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 10]]), torch.tensor([0.5, 0.9, 0.7])
    _, kept = batched_nms(boxes, scores, torch.tensor([0, 1, 0]), {"type": "nms", "iou_threshold": 0.5})
    assert kept.tolist() == [1, 2]


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("sampling_ratio", [0, 2])
def test_roi_align_and_its_gradient_equal_torchvision(aligned, sampling_ratio):
    features = torch.randn(2, 3, 20, 24, generator=torch.Generator().manual_seed(0))
    rois = torch.cat([torch.tensor([[0.0], [1], [1], [0], [1]]), random_boxes(1, 5, side=200)], dim=1)
    ours, theirs = features.clone().requires_grad_(), features.clone().requires_grad_()
    pooled = roi_align(ours, rois, (7, 5), 0.1, sampling_ratio, "avg", aligned)
    expected = torchvision.ops.roi_align(theirs, rois, (7, 5), 0.1, sampling_ratio, aligned)
    assert pooled.shape == (5, 3, 7, 5)
    assert torch.equal(pooled, expected)
    weights = torch.randn(pooled.shape, generator=torch.Generator().manual_seed(2))
    (pooled * weights).sum().backward()
    (expected * weights).sum().backward()
    assert ours.grad.abs().sum() > 0
    assert torch.equal(ours.grad, theirs.grad)


def test_an_operator_that_is_not_served_says_so_when_called():
    with pytest.raises(NotImplementedError, match="softnms is not served"):
        soft_nms(random_boxes(0, 4), torch.rand(4))
    with pytest.raises(NotImplementedError, match="maximum pooling"):
        roi_align(torch.zeros(1, 1, 4, 4), torch.tensor([[0.0, 0, 0, 2, 2]]), (2, 2), 1.0, 0, "max", True)


def test_a_compiled_extension_is_left_alone(tmp_path):
    """In another process: a package `mmcv` with an extension of its own."""
    (tmp_path / "mmcv").mkdir()
    (tmp_path / "mmcv" / "__init__.py").touch()
    (tmp_path / "mmcv" / "_ext.py").write_text("nms = 'compiled'\n")
    code = "from kuzushiji.detector import mmcv_ops; mmcv_ops.install(); from mmcv import _ext; print(_ext.nms)"
    run = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == "compiled"
