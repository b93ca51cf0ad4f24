"""Synthetic weights of the published networks: every number follows from its key, by the rule of the golden cases."""

import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import torch

CELL_ANCHORS = "rpn.anchor_generator.cell_anchors.0"  # computed by the published code, not drawn


def read_state(tsv: Path) -> pd.DataFrame:
    """The entries of a `*_state.tsv`: part, key, shape (a tuple), dtype, and the columns to check by."""
    table = pd.read_csv(tsv, sep="\t", keep_default_na=False, dtype={"shape": str})
    shapes = [tuple(map(int, shape.split(","))) if shape else () for shape in table["shape"]]
    return table.assign(shape=pd.Series(shapes, dtype=object))


def rule_weights(tsv: Path) -> dict[str, dict[str, torch.Tensor]]:
    """Part of the checkpoint ("model", "metric_fc") → key → tensor, for every entry of `tsv` that the rule draws."""
    table = read_state(tsv)
    table = table[table["key"] != CELL_ANCHORS]
    return {
        part: {key: _drawn(key, shape) for key, shape in zip(rows["key"], rows["shape"], strict=True)}
        for part, rows in table.groupby("part", sort=False)
    }


def _drawn(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    *_, module, tail = ["", *key.split(".")]
    if tail == "num_batches_tracked":
        return torch.zeros(shape, dtype=torch.int64)
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode())))
    z = generator.standard_normal(int(np.prod(shape)))
    if tail in ("running_mean", "bias"):
        values = 0.1 * z
    elif tail == "running_var":
        values = 1 + 0.1 * np.abs(z)
    elif tail == "W":
        values = z
    elif len(shape) == 1:
        values = (1 + 0.1 * z) * {"bn3": 0.25, "_bn2": 0.2}.get(module, 1.0)
    else:
        rows = z.reshape(shape[0], -1)
        inputs = rows.shape[1]
        if inputs >= 16:
            rows = rows - rows.mean(axis=1, keepdims=True)
        values = rows * np.sqrt(3 / inputs) * _gain(key, module)
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def _gain(key: str, module: str) -> float:
    if module == "_expand_conv":
        return 1.4
    if module in ("_depthwise_conv", "_project_conv", "_conv_stem"):
        return 1.6
    if "stem.conv1" in key:
        return 0.02
    if key.startswith("rpn.head.bbox_pred"):
        return 0.1
    return 0.2 if key.startswith("rpn.head.cls_logits") else 1.0
