"""Overlays of a few example pages, from the worst to the best score."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from kuzushiji.common.images import read_page
from kuzushiji.common.score import counts, match
from kuzushiji.publish.overlays import draw_overlay


def page_scores(recognized: pd.DataFrame, truth: pd.DataFrame, pages: pd.DataFrame) -> pd.Series:
    """The F1 of the kept boxes of every page, by image_id, with the competition's metric.

    NaN for pages without true boxes and without kept boxes.
    """
    kept = recognized[recognized["kept"]].reset_index(drop=True)
    hits, read, true = (
        table["image_id"].value_counts().reindex(pages["image_id"], fill_value=0)
        for table in (kept[match(kept, truth)], kept, truth)
    )
    f1 = [counts(*numbers)["f1"] for numbers in zip(hits, read, true, strict=True)]
    return pd.Series(f1, index=hits.index).where(read + true > 0)


def choose_examples(pages: pd.DataFrame, scores: pd.Series | None, count: int) -> list[tuple[str, float | None]]:
    """At most `count` pages, pairs of image_id and F1, evenly spread from the worst to the best score.

    Without `scores` (from `page_scores`) they are evenly spread over the table, and their F1 is None.
    """
    if scores is not None:
        scores = scores.dropna().sort_values(kind="stable")
    ids = pages["image_id"].tolist() if scores is None else scores.index.tolist()
    places = np.unique(np.linspace(0, len(ids) - 1, min(count, len(ids))).round().astype(int))
    return [(ids[place], None if scores is None else float(scores.iloc[place])) for place in places]


def write_examples(
    recognized: pd.DataFrame,
    truth: pd.DataFrame | None,
    pages: pd.DataFrame,
    fonts: list[Path],
    folder: Path,
    settings: dict,
) -> None:
    """Write overlays of a few pages to `folder`, as `{place}__{F1}__{image_id}.jpg`; without `truth` the F1 is "-".

    `settings` has the number of `examples` and `max_side`, the greatest length of the longer side in pixels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scores = None if truth is None else page_scores(recognized, truth, pages)
    paths = dict(zip(pages["image_id"], pages["path"], strict=True))
    for place, (image_id, f1) in enumerate(choose_examples(pages, scores, settings["examples"]), start=1):
        boxes = recognized[recognized["image_id"] == image_id]
        image = draw_overlay(read_page(Path(paths[image_id])), boxes, fonts)
        image.thumbnail((settings["max_side"],) * 2, Image.Resampling.LANCZOS)
        name = f"{place:02d}__{'-' if f1 is None else f'{f1:.3f}'}__{image_id}.jpg"
        image.save(folder / name, quality=85)
        logging.info("%s", name)
