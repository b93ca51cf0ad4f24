"""The records of the detector's training: a table of its losses, and TensorBoard's files."""

import json
import math
import re
import shutil
from pathlib import Path

import pandas as pd

from kuzushiji.common.errors import InputError

# mmengine's and mmdet's names, and ours.
COLUMNS = {
    "step": "iteration",
    "lr": "learning_rate",
    "loss": "loss",
    "loss_rpn_cls": "proposal_class_loss",
    "loss_rpn_bbox": "proposal_box_loss",
    "loss_cls": "class_loss",
    "loss_bbox": "box_loss",
    "acc": "accuracy",
    "grad_norm": "gradient_norm",
    "time": "seconds",
    "data_time": "loading_seconds",
}


def losses(folder: Path, last: float = math.inf) -> pd.DataFrame:
    """The record of `detector.detector.train` in `folder`, a row for each logged iteration, with `COLUMNS`' names.

    last: the iteration up to which it is wanted; a training may have gone on before.

    Losses (of the first process's pages) and seconds are means per iteration since the previous row. Accuracy is the
    percentage of sampled proposals that are classified correctly. gradient_norm is empty if gradients are not clipped.
    The losses that only other networks have keep mmdet's names. Iterations repeated after a kill appear once. Raises
    `InputError` if there is no record.
    """
    files = sorted(folder.glob("*/vis_data/scalars.json"))
    # The last line of a killed run may be cut off.
    rows = [json.loads(line) for file in files for line in file.read_text().splitlines() if line.endswith("}")]
    if not rows:
        raise InputError(f"{folder}: holds no record of a training; remove the folder to train again")
    table = pd.DataFrame(rows).drop_duplicates("step", keep="last").sort_values("step", ignore_index=True)
    table = table[table["step"] <= last]
    others = [name for name in table if re.fullmatch(r"(\w+\.)?loss_\w+", name) and name not in COLUMNS]
    return table.reindex(columns=[*COLUMNS, *sorted(others)]).rename(columns=COLUMNS)


def copy_tensorboard(folder: Path, target: Path) -> None:
    """Copy TensorBoard's files from the record in `folder` to `target`: one run per start of the training."""
    for file in sorted(folder.glob("*/vis_data/events.out.tfevents.*")):
        run = target / file.parts[-3]
        run.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, run / file.name)
