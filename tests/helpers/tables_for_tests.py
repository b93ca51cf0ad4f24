"""Small random tables and the golden ones."""

from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from kuzushiji.common.tables import SCHEMAS
from kuzushiji.pages.labels import truth_table

GOLDEN = Path(__file__).parents[1] / "golden"
CODEPOINTS = ["U+3042", "U+3044", "U+2000B", "U+4E00"]


def empty(kind: str) -> pd.DataFrame:
    return SCHEMAS[kind].empty_table().to_pandas()


def golden_truth() -> pd.DataFrame:
    pages = pd.read_csv(GOLDEN / "truth.csv", keep_default_na=False)
    runs = {
        page: np.reshape(labels.split(), (-1, 5))
        for page, labels in zip(pages["image_id"], pages["labels"], strict=True)
    }
    return truth_table({page: [(c, *map(int, box)) for c, *box in run] for page, run in runs.items()})


def golden_merged() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The golden pages' boxes as a table of merged boxes, and the pages."""
    boxes = pd.read_parquet(GOLDEN / "features_input.parquet")
    pages = boxes[["image_id", "width", "height"]].drop_duplicates(ignore_index=True)
    pages["book"] = np.where(pages["image_id"] <= "page_0004", "one", "other")
    return boxes.assign(detector="060000")[SCHEMAS["merged"].names], pages


def random_boxes(count: int, seed: int, page: str = "page", size: int = 60, extent: int = 400) -> pd.DataFrame:
    """A page of `count` merged boxes of positive area, with many overlaps, equal scores and equal codepoints."""
    rng = np.random.default_rng(seed)
    low = rng.integers(0, extent, (count, 2))
    high = low + rng.integers(1, size, (count, 2))
    return pd.DataFrame(
        {
            "image_id": page,
            "box": np.arange(count),
            **dict(zip(("x_min", "y_min", "x_max", "y_max"), [*low.T, *high.T], strict=True)),
            "detector_score": rng.integers(1, 10, count) / 10,
            "codepoint": rng.choice(CODEPOINTS, count),
            "probability": rng.integers(1, 10, count) / 10,
            "detector": "060000",
        }
    ).astype({"image_id": object, "codepoint": object, "detector": object})


def page_sizes(*image_ids: str) -> pd.DataFrame:
    return pd.DataFrame({"image_id": image_ids, "book": "book", "width": 500, "height": 700})


def box_lists(most: int = 12, extent: int = 12, min_size: int = 0) -> st.SearchStrategy:
    """Lists of integer boxes of positive area that overlap, touch and repeat often."""
    low, size = st.integers(-2, extent), st.integers(1, extent)
    box = st.tuples(low, low, size, size).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
    return st.lists(box, min_size=min_size, max_size=most)
