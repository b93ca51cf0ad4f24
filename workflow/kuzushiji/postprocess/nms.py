"""Merging the boxes of several detectors."""

import pandas as pd

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import SCHEMAS, concat_tables
from kuzushiji.postprocess.pairwise_suppression import pairwise_suppression


def merge_detectors(fused: dict[str, pd.DataFrame], iou: float) -> pd.DataFrame:
    """The boxes of all detectors (detector name → table of fused predictions) without those that overlap a better one.

    The detectors' boxes are concatenated in the order of the dictionary and pass the published solution's pairwise
    suppression, ranked by the character's probability. A page on which one detector found nothing keeps the boxes of
    the others.

    Returns a table of merged boxes, sorted by page, with new numbers from 0 on each page in the order of concatenation.
    Raises `InputError` if there are no detectors or a probability is not a number.
    """
    if not fused:
        raise InputError("nms: there are no detectors; name at least one under `detectors`")
    tables = [
        table.sort_values(["image_id", "box"], kind="stable").assign(detector=detector)
        for detector, table in fused.items()
    ]
    boxes = concat_tables(tables, "merged").sort_values("image_id", kind="stable", ignore_index=True)
    kept = pairwise_suppression(
        boxes["image_id"].to_numpy(object), boxes[CORNERS].to_numpy(), boxes["probability"].to_numpy(), iou
    )
    merged = boxes[kept].reset_index(drop=True)
    merged["box"] = merged.groupby("image_id").cumcount().astype("int32")
    return merged[SCHEMAS["merged"].names]
