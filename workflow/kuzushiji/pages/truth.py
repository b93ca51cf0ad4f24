"""A check of all labels against the pages, before hours of work begin."""

import logging
import os
from pathlib import Path

import pandas as pd

from kuzushiji.common.errors import InputError
from kuzushiji.pages.labels import clip_boxes, read_labels, truth_table


def check_labels(
    pages: pd.DataFrame, labels: str | os.PathLike | None, least_trust: int = 0, of_some: bool = False
) -> pd.DataFrame:
    """The true boxes on `pages`, a table "truth", from the file `labels`; no rows if that is None.

    Boxes of less than `least_trust` are left out, as `read_labels` does. Boxes that extend beyond the page are clipped,
    with a line in the log. `of_some`: pages are a part of those that have labels.

    Raises one `InputError` that lists all unusable rows, pages without a row, and, if not `of_some`, rows without page.
    """
    boxes, problems = _inside(pages, labels, least_trust, of_some) if labels else ({}, [])
    if problems:
        raise InputError(f"Problems with the labels ({len(problems)}):\n" + "\n".join(problems))
    logging.info("%d pages, %d labelled boxes", len(pages), sum(map(len, boxes.values())))
    return truth_table(boxes)


def _inside(
    pages: pd.DataFrame, labels: str | os.PathLike, least_trust: int, of_some: bool
) -> tuple[dict[str, list[tuple]], list[str]]:
    if not Path(labels).is_file():
        return {}, [f"{labels}: there is no such label file"]
    boxes, problems = read_labels(labels, least_trust)
    sizes = {
        image_id: (width, height)
        for image_id, width, height in zip(pages["image_id"], pages["width"], pages["height"], strict=True)
    }
    if not boxes and problems:
        return boxes, problems
    if of_some:
        boxes = {image_id: found for image_id, found in boxes.items() if image_id in sizes}
    problems += [f"{labels}: {image_id} has labels but no image" for image_id in boxes if image_id not in sizes]
    problems += [f"{labels}: {image_id} has an image but no row" for image_id in sizes if image_id not in boxes]
    for image_id in boxes:
        if image_id not in sizes:
            continue
        inside, outside = clip_boxes(boxes[image_id], *sizes[image_id])
        if cut := len(set(boxes[image_id]) - set(inside)) - len(outside):
            logging.info("%s: %s: %d boxes are cut at the page's edge", labels, image_id, cut)
        boxes[image_id] = inside
        problems += [f"{labels}: {image_id}: {text}" for text in outside]
    return boxes, problems
