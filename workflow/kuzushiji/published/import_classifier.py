"""Import of the published classifiers: the original weights under timm's names, as our checkpoints."""

import argparse
import os
import re
from collections import Counter
from collections.abc import Mapping

import torch
from torch import nn

from kuzushiji.classifier.model import KIND, build_classifier
from kuzushiji.common.codepoints import is_codepoint
from kuzushiji.common.errors import InputError, shortened
from kuzushiji.common.files import replacing
from kuzushiji.common.untrusted import read_untrusted, state_problems

# Our equivalents of the original networks, by architecture.
TWINS = {
    "resnet152": "resnet152",
    "legacy_seresnext101_32x4d": "legacy_seresnext101_32x4d",
    "efficientnet_b4": "published_efficientnet_b4",
}
_ALLOWED = [argparse.Namespace, Counter]  # the only classes besides tensors that a checkpoint may contain
_HEAD = "metric_fc.W"


def import_classifier(source: str | os.PathLike, destination: str | os.PathLike, settings: dict) -> None:
    """Write the original checkpoint `source` to `destination`, as `load_classifier` reads it.

    `settings`: `architecture` (of `TWINS`), `channels`, `input_size` and `resize` of the classifier, and `temperature`.
    Charset, mean and standard deviation come from the checkpoint. No code in the file is run. Raises `InputError` with
    all problems: a file of another kind, missing or surplus weights, other shapes, a bad charset, other settings.
    """
    if settings["architecture"] not in TWINS:
        raise InputError(
            f"architecture: {settings['architecture']} was not published; import one of {', '.join(TWINS)}"
        )
    content = read_untrusted(source, _ALLOWED)
    parts = {"model": Mapping, "class_names": list, "args": argparse.Namespace}
    found = content if isinstance(content, dict) else {}
    lacking = [name for name, kind in parts.items() if not isinstance(found.get(name), kind)]
    if lacking:
        raise InputError(f"{source}: not a published classifier: it lacks {', '.join(lacking)}; download it again")

    charset = content["class_names"]
    kept = {name: settings[name] for name in ("channels", "input_size", "resize", "temperature")}
    kept["letterbox"] = False
    kept |= {"architecture": TWINS[settings["architecture"]], "pretrained": False}
    model = build_classifier(kept, len(charset), kept["temperature"])
    names = {name: original_name(name, model) for name in model.state_dict()}
    weights = _weights(content)
    problems = state_problems(weights, {names[name]: value for name, value in model.state_dict().items()})
    problems += charset_problems(charset)
    normalization, strange = _normalization(vars(content["args"]), kept)
    problems += strange
    if problems:
        raise InputError(
            f"{source}: does not fit {settings['architecture']}, {settings['channels']}: {'; '.join(problems)}"
        )
    state = {name: weights[original] for name, original in names.items()}
    with replacing(destination) as partial, open(partial, "wb") as file:  # PyTorch would write a path into the file
        torch.save(
            {"kind": KIND, "charset": charset, "settings": kept | normalization, "best": state, "last": state}, file
        )


def original_name(name: str, model: nn.Module) -> str:
    """The original name of the weight `name` of our `model` (from `build_classifier`)."""
    part, _, name = name.partition(".")
    efficientnet = hasattr(model.backbone, "blocks")
    if part == "head":
        return "_fc.W" if efficientnet else _HEAD
    if efficientnet:
        return _efficientnet_name(name, model.backbone.blocks)
    if hasattr(model.backbone, "layer0"):
        return re.sub(r"^layer(\d)", r"0.\1", name)
    # The original is a list: convolution, batch norm, ReLU, max pooling and the four layers.
    name = re.sub(r"^conv1\.", "0.0.", re.sub(r"^bn1\.", "0.1.", name))
    return re.sub(r"^layer(\d)", lambda match: f"0.{int(match[1]) + 3}", name)


def _efficientnet_name(name: str, stages: nn.Sequential) -> str:
    block = re.match(r"blocks\.(\d+)\.(\d+)\.(.+)", name)
    if not block:
        stem = {"conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1"}
        module, _, tail = name.partition(".")
        return f"{stem[module]}.{tail}"
    stage, place = int(block[1]), int(block[2])
    number = sum(len(before) for before in stages[:stage]) + place
    inside, _, tail = block[3].rpartition(".")
    parts = {"conv_dw": "_depthwise_conv", "se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand"}
    if hasattr(stages[stage][place], "conv_pwl"):  # a block that expands first
        parts |= {"conv_pw": "_expand_conv", "conv_pwl": "_project_conv", "bn1": "_bn0", "bn2": "_bn1", "bn3": "_bn2"}
    else:
        parts |= {"conv_pw": "_project_conv", "bn1": "_bn1", "bn2": "_bn2"}
    return f"_blocks.{number}.{parts[inside]}.{tail}"


def _weights(content: dict) -> dict:
    """All weights under the original names, without the prefix of training on several GPUs."""
    weights = {str(name).removeprefix("module."): value for name, value in content["model"].items()}
    head = content.get("metric_fc")
    return weights | {f"metric_fc.{name}": value for name, value in (head if isinstance(head, Mapping) else {}).items()}


def charset_problems(charset: list) -> list[str]:
    found = {
        "are no codepoints": [repr(name) for name in charset if not is_codepoint(str(name))],
        "occur twice": [name for name, count in Counter(map(str, charset)).items() if count > 1],
    }
    return [f"{len(names):,} of class_names {what}: {shortened(names)}" for what, names in found.items() if names]


def _normalization(args: dict, settings: dict) -> tuple[dict, list[str]]:
    """Mean and standard deviation of the channels, and contradictions between `args` and the settings."""
    expected = {
        "input_size": settings["input_size"],
        "scale_size": settings["resize"][0],
        "l2softmax_temp": settings["temperature"],
        "grayscale": settings["channels"] == "gray",
    }
    problems = [
        f"args.{name} is {args[name]}, the configuration says {value}"
        for name, value in expected.items()
        if name in args and args[name] != value
    ]
    found = {}
    for ours, name in (("mean", "rgb_mean"), ("std", "rgb_std")):
        values = args.get(name)
        values = values if isinstance(values, list | tuple) else [values]
        if len(set(values)) != 1 or not isinstance(values[0], float | int) or (ours == "std" and values[0] <= 0):
            problems.append(f"args.{name} is {args.get(name)}, in place of one number for all channels")
        else:
            found[ours] = float(values[0])
    return found, problems
