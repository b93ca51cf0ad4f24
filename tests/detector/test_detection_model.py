from pathlib import Path

import pytest
import torch
import yaml
from torch.nn import BatchNorm2d

from kuzushiji.common.errors import InputError
from kuzushiji.detector import model as detection_model
from kuzushiji.detector.config import model_config
from kuzushiji.detector.detect import limit_proposals
from kuzushiji.detector.model import KIND, build_model, load_detector, load_pretrained, plain

PUBLISHED = yaml.safe_load(Path("config.yaml").read_text())["detector_trainings"]["faster_rcnn"]["model"]
SMALL = PUBLISHED | {"depth": 18, "pretrained": False, "neck_channels": 16, "anchor_sizes": [4], "norm_trained": True}


@pytest.fixture(scope="module")
def published():
    return build_model(PUBLISHED)


@pytest.fixture(scope="module")
def small():
    return build_model(SMALL)


def saved(path, model, settings, **changes):
    checkpoint = {"kind": KIND, "settings": plain(settings), "iteration": 7, "state_dict": model.state_dict()}
    torch.save(checkpoint | changes, path)
    return path


def test_the_published_backbone_is_a_whole_resnet_101(published):
    blocks = [len(getattr(published.backbone, f"layer{stage}")) for stage in (1, 2, 3)]
    assert [*blocks, len(published.roi_head.shared_head.layer4)] == [3, 4, 23, 3]
    norms = {
        id(weight)
        for module in published.modules()
        if isinstance(module, BatchNorm2d)
        for weight in module.parameters()
    }
    assert all(weight.requires_grad != (id(weight) in norms) for weight in published.parameters())  # no layer frozen


def test_the_published_anchors(published):
    """Sizes 8 to 128 with each ratio, at stride 16."""
    generator = published.rpn_head.prior_generator
    (anchors,) = generator.base_anchors
    sides = anchors[:, 2:] - anchors[:, :2]
    expected = sorted((size, ratio) for size in (8, 16, 32, 64, 128) for ratio in (0.5, 0.85, 1.0, 2.0))
    sizes, ratios = sides.prod(dim=1).sqrt().round(decimals=3), sides[:, 1] / sides[:, 0]  # rounded, to sort by
    found = sorted(zip(sizes.tolist(), ratios.tolist(), strict=True))
    assert torch.allclose(torch.tensor(found), torch.tensor(expected), rtol=1e-5)
    assert generator.strides == [(16, 16)]


def test_the_published_proposals_and_heads(published):
    limit_proposals(published, yaml.safe_load(Path("config.yaml").read_text())["detect"])
    assert (published.rpn_head.test_cfg.nms_pre, published.rpn_head.test_cfg.max_per_img) == (9000, 1300)
    (align,) = published.roi_head.bbox_roi_extractor.roi_layers
    assert (align.output_size, align.spatial_scale) == ((14, 14), 1 / 16)
    assert published.roi_head.bbox_head.fc_cls.out_features == 2  # characters and background
    assert published.roi_head.bbox_head.fc_reg.out_features == 4


def test_the_published_pixels(published):
    pixels = torch.randint(0, 256, (3, 33, 47), dtype=torch.uint8)
    from mmdet.structures import DetDataSample

    batch = published.data_preprocessor({"inputs": [pixels], "data_samples": [DetDataSample()]}, False)
    assert torch.equal(batch["inputs"][0], pixels.float())  # 0-255, in the file's order, not padded


def test_batch_norm_learns_only_if_asked(published, small):
    assert published.train().backbone.bn1.training is False
    assert small.train().backbone.bn1.training is True
    assert small.backbone.bn1.weight.requires_grad


def test_the_pyramid_has_one_anchor_size_a_level(small):
    generator = small.rpn_head.prior_generator
    assert [stride[0] for stride in generator.strides] == [4, 8, 16, 32, 64]
    for stride, anchors in zip((4, 8, 16, 32, 64), generator.base_anchors, strict=True):
        area = (anchors[:, 2:] - anchors[:, :2]).prod(dim=1)
        assert torch.allclose(area.sqrt(), torch.full((4,), 4.0 * stride))


def test_an_unknown_depth_is_named():
    with pytest.raises(InputError, match=r"model\.depth: 19"):
        model_config(PUBLISHED | {"depth": 19})


def test_a_checkpoint_comes_back(tmp_path, small):
    model, meta = load_detector(saved(tmp_path / "a.pth", small, SMALL))
    assert meta == {"kind": KIND, "settings": SMALL, "iteration": 7}
    assert not model.training
    assert all(torch.equal(value, small.state_dict()[name]) for name, value in model.state_dict().items())


def test_a_checkpoint_of_another_architecture_is_named(tmp_path, small):
    path = saved(tmp_path / "a.pth", small, SMALL)
    load_detector(path, SMALL)
    with pytest.raises(InputError, match=r"a\.pth: .*neck_channels is 16, not 0; anchor_sizes is \[4\], not \[8"):
        load_detector(path, PUBLISHED)


def test_a_damaged_or_foreign_file_is_refused(tmp_path, small):
    whole = saved(tmp_path / "a.pth", small, SMALL).read_bytes()
    (tmp_path / "b.pth").write_bytes(whole[: len(whole) // 2])
    torch.save({"model": {}}, tmp_path / "c.pth")
    (tmp_path / "d.pth").write_text("<html>not found</html>")
    for name, message in {"b": "cannot be read", "c": "not a detector", "d": "cannot be read", "e": "No such"}.items():
        with pytest.raises(InputError, match=message) as caught:
            load_detector(tmp_path / f"{name}.pth")
        assert f"{name}.pth" in str(caught.value)


def test_weights_of_another_architecture_are_listed(tmp_path, small):
    wider = build_model(SMALL | {"neck_channels": 24})
    with pytest.raises(InputError, match=r"of another shape: .*neck\.fpn_convs"):
        load_detector(saved(tmp_path / "a.pth", wider, SMALL))
    weights = dict(small.state_dict())
    weights["surplus.weight"] = weights.pop("rpn_head.rpn_cls.bias")
    with pytest.raises(InputError, match=r"missing: rpn_head\.rpn_cls\.bias; not of this network: surplus\.weight"):
        load_detector(saved(tmp_path / "b.pth", small, SMALL, state_dict=weights))


def test_a_checkpoint_cannot_run_code(tmp_path, small):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trapped"), "w"))

    with pytest.raises(InputError, match="cannot be read"):
        load_detector(saved(tmp_path / "a.pth", small, SMALL, iteration=Trap()))
    assert not (tmp_path / "trapped").exists()


@pytest.fixture
def imagenet(published):
    """Weights as they are published: the whole network, without batch norm's statistics."""
    weights = dict(published.backbone.state_dict()) | dict(published.roi_head.shared_head.state_dict())
    return {name: torch.full_like(value, 3.0) for name, value in weights.items() if "running" not in name}


def test_pretraining_reaches_every_stage_and_no_head(imagenet, published, tmp_path):
    torch.save(imagenet, tmp_path / "imagenet.pth")
    before = published.roi_head.bbox_head.fc_cls.weight.clone()
    load_pretrained(published, tmp_path / "imagenet.pth")
    assert (published.backbone.layer3[22].conv3.weight == 3).all()
    assert (published.roi_head.shared_head.layer4[2].conv3.weight == 3).all()
    assert (published.backbone.bn1.running_var == 1).all()
    assert torch.equal(published.roi_head.bbox_head.fc_cls.weight, before)


def test_weights_that_do_not_do_are_refused(imagenet, published, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trapped"), "w"))

    path = tmp_path / "imagenet.pth"
    with pytest.raises(InputError, match=r"imagenet\.pth: cannot be read"):
        load_pretrained(published, path)
    torch.save({"layer1": Trap()}, path)
    with pytest.raises(InputError, match=r"imagenet\.pth: cannot be read"):
        load_pretrained(published, path)
    assert not (tmp_path / "trapped").exists()
    imagenet.pop("layer2.0.conv1.weight")
    torch.save(imagenet, path)
    with pytest.raises(InputError, match=r"lacks the weights layer2\.0\.conv1\.weight"):
        load_pretrained(published, path)


def test_a_page_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "page.png").write_text("no image")
    for path in (tmp_path / "page.png", tmp_path / "missing.png"):
        with pytest.raises(InputError, match=path.name):
            detection_model.read_denoised(path)
