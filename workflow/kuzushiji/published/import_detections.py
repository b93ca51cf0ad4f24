"""Import of the published detectors' boxes: from the original pickled lists to tables of detections."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from kuzushiji.common.errors import SHOWN, InputError, shortened
from kuzushiji.common.tables import concat_tables
from kuzushiji.common.untrusted import read_untrusted
from kuzushiji.detector.detect import resized


class BoxList:
    """A stand-in for the original class, which takes its attributes and does nothing."""


BoxList.__module__ = "maskrcnn_benchmark.structures.bounding_box"  # its name in the files


def import_detections(
    source: str | os.PathLike, order: str | os.PathLike, pages: pd.DataFrame, longest_side: int
) -> pd.DataFrame:
    """The boxes in `source`, a list with one BoxList per page, as a table "detections" for `pages` (a table "pages").

    `order` lists the page ids, one per line, in the order of the file. The boxes are scaled from the size of the
    detector's input (short side as in the file, long side at most `longest_side` pixels) to the page's pixels, and
    numbered in the file's order, on which the pairwise suppressions depend. No code in the file is run. Raises
    `InputError` with all problems: a file of another kind, another number of pages, other pages, boxes of pages of
    another size.
    """
    content = read_untrusted(source, [BoxList])
    if not isinstance(content, list) or not all(isinstance(one, BoxList) for one in content):
        raise InputError(f"{source}: not a list of boxes by page; download it again")
    try:
        ids = Path(order).read_text().split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{order}: the list of page ids cannot be read ({error}); download it again") from error
    if len(ids) != len(content):
        raise InputError(
            f"{source}: has the boxes of {len(content)} pages, {order} names {len(ids)}; they must belong together"
        )
    sizes = pages.set_index("image_id")[["width", "height"]]
    missing, strange = sizes.index.difference(ids), pd.Index(ids).difference(sizes.index)
    if len(missing) or len(strange) or len(set(ids)) != len(ids):
        raise InputError(
            f"{order}: does not list the pages of this page set, each once: {len(missing)} are missing "
            f"({shortened(missing)}), {len(strange)} are not of it ({shortened(strange)}); "
            "take the page set that the detectors were run on"
        )
    tables, problems = [], []
    for image_id, one in zip(ids, content, strict=True):
        width, height = sizes.loc[image_id].tolist()
        try:
            tables.append(_page(vars(one), width, height, longest_side).assign(image_id=image_id))
        except ValueError as error:
            problems.append(f"page {image_id}: {error}")
    if problems:
        rest = f"; and {len(problems) - SHOWN:,} pages more" if len(problems) > SHOWN else ""
        raise InputError(f"{source}: {'; '.join(problems[:SHOWN])}{rest}")
    return concat_tables(tables, "detections").sort_values(["image_id", "box"], ignore_index=True)


def _page(found: dict, width: int, height: int, longest_side: int) -> pd.DataFrame:
    """Boxes and scores of a page of `width` x `height` pixels. Raises `ValueError`."""
    fields = found.get("extra_fields")
    boxes, seen = found.get("bbox"), found.get("size")
    scores, labels = (fields.get(name) if isinstance(fields, dict) else None for name in ("scores", "labels"))
    if not all(isinstance(one, torch.Tensor) for one in (boxes, scores, labels)) or found.get("mode") != "xyxy":
        raise ValueError("lacks boxes as corners, their scores or their labels")
    count = scores.numel()
    if boxes.shape != (count, 4) or scores.shape != (count,) or labels.shape != (count,):
        shapes = ", ".join(str(tuple(values.shape)) for values in (boxes, scores, labels))
        raise ValueError(f"has boxes, scores and labels of the shapes {shapes}")
    if not boxes.isfinite().all() or not scores.isfinite().all() or not (labels == 1).all():
        raise ValueError("has corners or scores that are no numbers, or labels that are no characters")
    if not _sizes(seen) or seen != resized(width, height, min(seen), longest_side):
        raise ValueError(f"was seen as {seen} pixels, but has {width}x{height}: other scans, or another order")
    corners = boxes.double().numpy() / (np.array([*seen, *seen]) / [width, height, width, height])
    table = pd.DataFrame(corners, columns=["x_min", "y_min", "x_max", "y_max"])
    return table.assign(box=np.arange(count), detector_score=scores.numpy())


def _sizes(seen: object) -> bool:
    return isinstance(seen, tuple) and len(seen) == 2 and all(isinstance(side, int) and side > 0 for side in seen)
