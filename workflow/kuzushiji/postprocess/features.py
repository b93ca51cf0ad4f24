"""The 117 features of a box for the false-positive predictor."""

import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from kuzushiji.common.boxes import CORNERS, centers
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.postprocess.neighbors import neighbors, summed_overlap

NEIGHBORS = 5
_BOXES_AT_ONCE = 20_000
_MEASURES = ["area", "width", "height", "x", "y"]
_SIZES = ["width", "height", "area"]
_RATIOS = ["page", "mean", "std", "median"]
_STATISTICS = ["mean", "std", "median"]
_NEAREST = ["nearest", *[f"nearest{k}" for k in range(2, NEIGHBORS + 1)]]
_Y_MEAN_RATE = "y_mean_yrate"  # the published name, which the published boosters expect

# The published names and order.
FEATURES: list[str] = [
    "char_score",
    "is_hiragana",
    "bbox_score",
    "overlap_rate",
    "page_width",
    "page_height",
    *[f"{size}_{ratio}_rate" for size in _SIZES for ratio in _RATIOS],
    *[f"{near}_{size}_{ratio}_rate" for size in _SIZES for near in _NEAREST for ratio in _RATIOS],
    *[f"{near}_distance_page_{side}_rate" for near in _NEAREST for side in ("width", "height")],
    *[f"{near}_radian" for near in _NEAREST],
    "x_mean_rate",
    _Y_MEAN_RATE,
    *[f"{axis}_{ratio}_rate" for ratio in ("std", "median", "page") for axis in "xy"],
    *[f"{statistic}_{measure}" for statistic in _STATISTICS for measure in _MEASURES],
    "box_num",
]


class Variant(NamedTuple):
    """The mistakes of the published code to repeat."""

    shared_neighbors: bool  # boxes also get neighbors that earlier boxes of the page found
    mixed_page_rates: bool  # area over the page is w * h / W * H, a neighbor's height is divided by the page's width


VARIANTS = {
    "intended": Variant(shared_neighbors=False, mixed_page_rates=False),
    "published": Variant(shared_neighbors=True, mixed_page_rates=True),
}


def page_features(boxes: pd.DataFrame, pages: pd.DataFrame, variant: str | Variant = "intended") -> pd.DataFrame:
    """The features of every box: `image_id`, `box` and the float64 columns `FEATURES`, row by row as `boxes`.

    boxes: a table of merged boxes (pixels). pages: gives width and height of their pages.
    variant: "intended", "published" (as the published solution computes them, for its boosters), or a `Variant`.

    Lengths and areas are relative to the page's size and to its boxes' mean, standard deviation (ddof 1) and median;
    distances and angles are from center to center. Ratios to 0 or to undefined values, and the features of neighbors
    that do not exist, are NaN, which LightGBM treats as missing.

    Raises `InputError` for an unknown variant, a box whose page is not in `pages`, or boxes without area.
    """
    if isinstance(variant, str):
        if variant not in VARIANTS:
            raise InputError(f"booster.features: {variant!r} is not known; use one of {', '.join(VARIANTS)}")
        variant = VARIANTS[variant]
    boxes = boxes.reset_index(drop=True)
    _check(boxes, pages)
    page, names = pd.factorize(boxes["image_id"])
    order = np.argsort(page, kind="stable")  # groups the boxes by page
    page_size = _sizes(names, pages)
    table = np.full((len(FEATURES), len(boxes)), np.nan)
    column = dict(zip(FEATURES, table, strict=True))
    for rows in _portions(page[order]):
        rows = order[rows]
        first = page[rows[0]]
        part = page[rows] - first
        for name, values in _columns(boxes.iloc[rows], part, page_size[first : first + part[-1] + 1], variant):
            column[name][rows] = values
    return pd.concat([boxes[["image_id", "box"]], pd.DataFrame(table.T, columns=FEATURES, copy=False)], axis=1)


def _portions(page: np.ndarray) -> list[np.ndarray]:
    """Slices of whole pages that fit in the processor's cache. page: (N,) ascending."""
    start = np.searchsorted(page, page) // _BOXES_AT_ONCE  # of each row's page
    rows = np.split(np.arange(len(page)), np.flatnonzero(np.diff(start)) + 1)
    return rows if len(page) else []


def write_features(features: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a table of `page_features` as Parquet. Numbers hardly repeat, hence a dictionary for the page ids only."""
    with replacing(path) as partial:
        features.to_parquet(partial, index=False, use_dictionary=["image_id"], write_page_checksum=True)


def read_features(path: str | os.PathLike) -> pd.DataFrame:
    """Read a file of `write_features`. Raises `InputError` if it is not Parquet or lacks a feature."""
    try:
        features = pd.read_parquet(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: cannot be read as a table of features: {error}") from error
    missing = [name for name in ("image_id", "box", *FEATURES) if name not in features]
    if missing:
        raise InputError(f"{path}: not a table of features: it lacks the columns {', '.join(missing[:5])}")
    return features


def _columns(
    boxes: pd.DataFrame, page: np.ndarray, page_size: np.ndarray, variant: Variant
) -> Iterator[tuple[str, np.ndarray]]:
    """The names and values (N,) of all features. page: (N,) ascending integers; page_size: (N, 2) pixels."""
    value = _measures(boxes)
    page_width, page_height = page_size[page].T
    page_area = page_width / page_height if variant.mixed_page_rates else page_width * page_height
    over = {"width": page_width, "height": page_height, "area": page_area}
    neighbor_over = over | ({"height": page_width} if variant.mixed_page_rates else {})

    yield "char_score", boxes["probability"].to_numpy()
    yield "is_hiragana", _is_hiragana(boxes["codepoint"])
    yield "bbox_score", boxes["detector_score"].to_numpy()
    corners = boxes[CORNERS].to_numpy(np.float64)
    yield "overlap_rate", summed_overlap(page, corners) / value["area"]
    yield "page_width", page_width
    yield "page_height", page_height
    yield "x_page_rate", value["x"] / page_width
    yield "y_page_rate", value["y"] / page_height
    yield "box_num", np.bincount(page, minlength=len(page_size))[page]
    for size in _SIZES:
        yield f"{size}_page_rate", value[size] / over[size]

    groups = pd.DataFrame(value).groupby(page)
    statistics = {name: groups.agg(name) for name in _STATISTICS}
    divisors = {}
    for name, table in statistics.items():
        for measure in _MEASURES:
            of_page = table[measure].to_numpy()
            yield f"{name}_{measure}", of_page[page]
            divisors[measure, name] = np.where(of_page == 0, np.nan, of_page)[page]
            rate = _Y_MEAN_RATE if (measure, name) == ("y", "mean") else f"{measure}_{name}_rate"
            yield rate, value[measure] / divisors[measure, name]

    source, target = neighbors(page, np.column_stack([value["x"], value["y"]]), NEIGHBORS, variant.shared_neighbors)
    padded = {measure: np.append(values, np.nan) for measure, values in value.items()}  # row -1 stands for no box
    for near, here, there in zip(_NEAREST, source.T, target.T, strict=True):
        for size in _SIZES:
            its = padded[size][there]
            yield f"{near}_{size}_page_rate", its / neighbor_over[size]
            for name in _STATISTICS:
                yield f"{near}_{size}_{name}_rate", its / divisors[size, name]
        dx, dy = padded["x"][there] - padded["x"][here], padded["y"][there] - padded["y"][here]
        distance = np.sqrt(dx**2 + dy**2)
        yield f"{near}_distance_page_width_rate", distance / page_width
        yield f"{near}_distance_page_height_rate", distance / page_height
        yield f"{near}_radian", np.arctan2(dy, dx)


def _sizes(names: pd.Index, pages: pd.DataFrame) -> np.ndarray:
    """Width and height of the pages `names`, (P, 2)."""
    sizes = pages.drop_duplicates("image_id").set_index("image_id")[["width", "height"]]
    return sizes.reindex(names).to_numpy(np.float64)


def _is_hiragana(codepoints: pd.Series) -> np.ndarray:
    codes, names = pd.factorize(codepoints)
    return np.array([len(name) == 6 and "U+3040" <= name <= "U+309F" for name in names], dtype=bool)[codes]


def _check(boxes: pd.DataFrame, pages: pd.DataFrame) -> None:
    unknown = boxes.loc[~boxes["image_id"].isin(pages["image_id"]), "image_id"].unique()
    if len(unknown):
        raise InputError(
            f"the page {unknown[0]} has boxes but no size ({len(unknown)} such pages); "
            "boxes and pages must be of the same page set"
        )
    flat = boxes[(boxes["x_max"] <= boxes["x_min"]) | (boxes["y_max"] <= boxes["y_min"])]
    if len(flat):
        box = flat.iloc[0]
        raise InputError(
            f"page {box['image_id']}, box {box['box']}: the box has no area ({len(flat)} such boxes); "
            "leave such boxes out before the detectors are merged"
        )


def _measures(boxes: pd.DataFrame) -> dict[str, np.ndarray]:
    """Area, width, height and center of every box, float64 pixels."""
    corners = boxes[CORNERS].to_numpy(np.float64)
    width, height = (corners[:, 2:] - corners[:, :2]).T
    x, y = centers(boxes).T.astype(np.float64)
    return dict(zip(_MEASURES, (width * height, width, height, x, y), strict=True))
