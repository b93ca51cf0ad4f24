"""mmdet's configuration of a detector and of its training: Faster R-CNN (Ren et al., 2015), or a file's network."""

import os
import re
from collections.abc import Iterator

from mmengine.config import Config

from kuzushiji.common.errors import InputError
from kuzushiji.detector.parts import Parts, parts

# The section `model` of the published detectors, whatever the configuration has: imported checkpoints hold it.
PUBLISHED_MODEL = {
    "depth": 101,
    "pretrained": True,
    "neck_channels": 0,
    "components": "legacy",
    "anchor_sizes": [8, 16, 32, 64, 128],
    "anchor_ratios": [0.5, 0.85, 1.0, 2.0],
    "frozen_stages": -1,
    "norm_trained": False,
    "pixel_mean": [0.0, 0.0, 0.0],
    "pixel_std": [1.0, 1.0, 1.0],
    "training_proposals_before_nms": 12000,
    "training_proposals": 2000,
    "sampled_anchors": 256,
    "sampled_proposals": 512,
}


def read_network(path: str | os.PathLike) -> dict:
    """The `model` of a file in mmdet's config language, with its bases, in plain dicts and lists.

    Raises `InputError` if the file cannot be read, or if `check_network` refuses the network.
    """
    try:
        model = Config.fromfile(os.fspath(path), import_custom_modules=False).get("model")
    except Exception as error:  # a Python file may raise anything
        raise InputError(f"{path}: cannot be read as a configuration of mmdet's ({error}); mend it") from error
    if not model:
        raise InputError(f"{path}: has no `model`, which is all that is read of it; name the network there")
    network = _plain(model.to_dict())
    check_network(network, path)
    return network


def check_network(network: dict, source: str | os.PathLike) -> None:
    """Raise `InputError` for a network with several classes, with weights from elsewhere, or with other code.

    `network` is its mmdet configuration, `source` its file, for the message. mmengine imports and calls whatever a type
    with dots in its name refers to, so that only registered names are safe to build.
    """
    for place, key, value in _items(network):
        if key == "num_classes" and value != 1:
            raise InputError(f"{source}: {place}: is {value}; a detector of characters has one class, set it to 1")
        if key == "type" and not re.fullmatch(r"\w+", str(value)):
            raise InputError(f"{source}: {place}: {value} is no name of mmdet's; name a registered part")
        if value and (key in ("pretrained", "checkpoint") or value == "Pretrained"):
            raise InputError(
                f"{source}: {place}: weights that would be fetched unseen; leave out init_cfg and pretrained"
            )


def _items(part, place: str = "model") -> Iterator[tuple[str, str, object]]:
    """Every value inside `part` that is not a dict or list: its path, its key, and the value."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in pairs:
        if isinstance(value, dict | list):
            yield from _items(value, f"{place}.{key}")
        else:
            yield f"{place}.{key}", key, value


def _plain(value):
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def model_config(settings: dict) -> dict:
    """mmdet's configuration of the network from `settings`, the section `model` of a training.

    If they have `network`, it is that one, see `read_network`; otherwise Faster R-CNN. With `neck_channels: 0`
    it is the published solution's ResNet-C4: proposals on the fourth stage at stride 16, RoIAlign of 14 x 14 cells into
    the fifth stage, which all boxes share. With a number it is a feature pyramid (Lin et al., 2017) of that many
    channels on strides 4 to 64. `components` says how boxes are counted, see `detector.parts`. How many proposals a
    page has at test is not the network's: see `detector.detect`.
    """
    if "network" in settings:
        return settings["network"]
    kit = parts(settings["components"])
    trained = settings["norm_trained"]
    norm = {"type": "BN", "requires_grad": trained, "eps": 1e-5 if trained else kit.frozen_eps}
    resnet = {
        "depth": settings["depth"],
        "norm_cfg": norm,
        "norm_eval": not trained,
        "style": "caffe",
    }
    network = _pyramid(settings, resnet, kit) if settings["neck_channels"] else _c4(settings, resnet, kit)
    proposals = kit.proposals(iou=0.7)
    return {
        "type": "FasterRCNN",
        "data_preprocessor": {
            "type": "DetDataPreprocessor",
            "mean": settings["pixel_mean"],
            "std": settings["pixel_std"],
            "bgr_to_rgb": False,
            "pad_size_divisor": 32 if settings["neck_channels"] else 1,
        },
        **network,
        "train_cfg": {
            "rpn": {
                "assigner": kit.assigner(above=0.7, below=0.3, at_least=0.3),
                "sampler": _sampler(settings["sampled_anchors"], positive=0.5, add_truth=False),
                "allowed_border": -1,
                "pos_weight": -1,
                "debug": False,
            },
            "rpn_proposal": {
                **proposals,
                "nms_pre": settings["training_proposals_before_nms"],
                "max_per_img": settings["training_proposals"],
            },
            "rcnn": {
                "assigner": kit.assigner(above=0.5, below=0.5, at_least=None),
                "sampler": _sampler(settings["sampled_proposals"], positive=0.25, add_truth=True),
                "pos_weight": -1,
                "debug": False,
            },
        },
        "test_cfg": {
            "rpn": {
                **proposals,
                "nms_pre": settings["training_proposals_before_nms"],
                "max_per_img": settings["training_proposals"],
            },
            "rcnn": {},
        },
    }


def pipeline_config(training: dict) -> list[dict]:
    """mmdet's transforms of a training page, with random size, place and colors, from the section `detection`."""
    scales = [(side, training["max_long_side"]) for side in training["short_sides"]]
    expand = training["expand"]
    sheets = [
        [
            {
                "type": "mmdet.Expand",
                "mean": [gray] * 3,
                "ratio_range": (1, expand["ratio"]),
                "prob": expand["probability"],
            }
        ]
        for gray in (expand["grays"] if expand else [])
    ]
    sheet = [{"type": "RandomChoice", "transforms": sheets}] if sheets else []
    window = (training["crop"], training["crop"])
    crop = [{"type": "RandomCrop", "crop_size": window, "allow_negative_crop": True}] if training["crop"] else []
    return [
        # Pillow's bilinear resize averages when it shrinks, as at test.
        {
            "type": "RandomChoiceResize",
            "scales": scales,
            "resize_type": "mmdet.Resize",
            "keep_ratio": True,
            "backend": "pillow",
        },
        *sheet,
        *crop,
        {"type": "RandomColor", "jitter": training["jitter"], "grayscale": training["grayscale"]},
        {"type": "PackDetInputs", "meta_keys": ("img_path", "ori_shape", "img_shape", "scale_factor")},
    ]


def optimizer_config(training: dict) -> dict:
    """mmengine's optimizer: SGD or AdamW with the given `precision`, and clipped gradients if asked for.

    With bfloat16, and float16 (CUDA only), the network computes in it; weights and their updates stay in float32.
    """
    wrappers = {
        "float32": {"type": "OptimWrapper"},
        "bfloat16": {"type": "AutocastOptimWrapper", "dtype": "bfloat16"},
        "float16": {"type": "AmpOptimWrapper", "dtype": "float16", "loss_scale": "dynamic"},
    }
    limit = training["clip_gradients"]
    return {
        **wrappers[training["precision"]],
        "optimizer": {
            **(
                {"type": "SGD", "momentum": training["momentum"]}
                if training["optimizer"] == "sgd"
                else {"type": "AdamW"}
            ),
            "lr": training["learning_rate"],
            "weight_decay": training["weight_decay"],
        },
        "clip_grad": None if limit is None else {"max_norm": limit},
    }


def schedule_config(training: dict) -> list[dict]:
    """mmengine's schedule of the learning rate: linear warm-up, then a tenth at each milestone."""
    steps = {"type": "MultiStepLR", "by_epoch": False, "milestones": training["milestones"], "gamma": 0.1}
    if training["warmup_iterations"] < 2:  # else mmengine would never leave the start of the warm-up
        return [steps]
    warmup = {
        "type": "LinearLR",
        "by_epoch": False,
        "start_factor": training["warmup_start"],
        "end": training["warmup_iterations"],
    }
    return [warmup, steps]


def mmdet_config(settings: dict) -> dict:
    """Network, pipeline, optimizer and schedule of a training as mmdet's configuration, for readers."""
    training = settings["training"]
    return {
        "default_scope": "mmdet",
        "custom_imports": {
            "imports": [f"kuzushiji.detector.{part}" for part in ("assigner", "legacy_boxes", "pages", "runner")]
        },
        "model": model_config(settings["model"]),
        "train_pipeline": pipeline_config(training),
        "optim_wrapper": optimizer_config(training),
        "param_scheduler": schedule_config(training),
        "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": max(training["snapshots"])},
    }


def _c4(settings: dict, resnet: dict, kit: Parts) -> dict:
    expansion = _expansion(settings["depth"])
    channels, shared_channels = 256 * expansion, 512 * expansion
    anchors = kit.anchors([size / 16 for size in settings["anchor_sizes"]], settings["anchor_ratios"], strides=[16])
    return {
        "backbone": {
            "type": "ResNet",
            **resnet,
            "num_stages": 3,
            "strides": (1, 2, 2),
            "dilations": (1, 1, 1),
            "out_indices": (2,),
            "frozen_stages": settings["frozen_stages"],
        },
        "rpn_head": kit.rpn_head(channels, anchors),
        "roi_head": {
            "type": "StandardRoIHead",
            "shared_head": {"type": "ResLayer", **resnet, "stage": 3, "stride": 2, "dilation": 1},
            "bbox_roi_extractor": kit.roi_align(14, channels, strides=[16]),
            "bbox_head": {
                "type": "BBoxHead",
                "with_avg_pool": True,
                "roi_feat_size": 7,
                "in_channels": shared_channels,
                **kit.box_head(),
            },
        },
    }


def _pyramid(settings: dict, resnet: dict, kit: Parts) -> dict:
    expansion, channels = _expansion(settings["depth"]), settings["neck_channels"]
    strides = [4, 8, 16, 32, 64]
    anchors = kit.anchors(settings["anchor_sizes"], settings["anchor_ratios"], strides)
    return {
        "backbone": {
            "type": "ResNet",
            **resnet,
            "num_stages": 4,
            "out_indices": (0, 1, 2, 3),
            "frozen_stages": settings["frozen_stages"],
        },
        "neck": {
            "type": "FPN",
            "in_channels": [width * expansion for width in (64, 128, 256, 512)],
            "out_channels": channels,
            "num_outs": len(strides),
        },
        "rpn_head": kit.rpn_head(channels, anchors),
        "roi_head": {
            "type": "StandardRoIHead",
            "bbox_roi_extractor": kit.roi_align(7, channels, strides=strides[:4]),
            "bbox_head": {
                "type": "Shared2FCBBoxHead",
                "in_channels": channels,
                "fc_out_channels": 4 * channels,
                "roi_feat_size": 7,
                **kit.box_head(),
            },
        },
    }


def _expansion(depth: int) -> int:
    """The ratio of output to inner channels of a residual block: bottlenecks from ResNet-50 on."""
    if depth not in (18, 34, 50, 101, 152):
        raise InputError(f"model.depth: {depth} is no ResNet; choose 18, 34, 50, 101 or 152")
    return 4 if depth >= 50 else 1


def _sampler(number: int, positive: float, add_truth: bool) -> dict:
    return {
        "type": "RandomSampler",
        "num": number,
        "pos_fraction": positive,
        "neg_pos_ub": -1,
        "add_gt_as_proposals": add_truth,
    }
