"""What the false-positive predictor sees of a box: 117 numbers."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from kuzushiji.boxes import CORNERS, centers
from kuzushiji.errors import InputError

NEIGHBORS = 5
_SIZES = ["width", "height", "area"]
_RATIOS = ["page", "mean", "std", "median"]
_STATISTICS = ["mean", "std", "median"]
_NEAREST = ["nearest", *[f"nearest{k}" for k in range(2, NEIGHBORS + 1)]]
_Y_MEAN_RATE = "y_mean_yrate"  # the published name, which published boosters were trained with

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
    *[f"{statistic}_{value}" for statistic in _STATISTICS for value in ("area", "width", "height", "x", "y")],
    "box_num",
]


class Variant(NamedTuple):
    """Which of the published code's slips to repeat."""

    shared_neighbors: bool  # boxes also see neighbors that earlier boxes of the page found
    mixed_page_rates: bool  # area over the page is w * h / W * H, a neighbor's height is divided by the page's width


VARIANTS = {
    "intended": Variant(shared_neighbors=False, mixed_page_rates=False),
    "published": Variant(shared_neighbors=True, mixed_page_rates=True),
}


def page_features(boxes: pd.DataFrame, pages: pd.DataFrame, variant: str | Variant = "intended") -> pd.DataFrame:
    """The features of every box: `image_id`, `box` and the float64 columns `FEATURES`, row by row as `boxes`.

    boxes: a table of merged boxes (pixels). pages: gives width and height of their pages.
    variant: "intended", "published" (as the published solution computes them, for its boosters), or a `Variant`.

    Lengths and areas relate to the page's size and to its boxes' mean, standard deviation (ddof 1) and median;
    distances and angles go from center to center. A ratio to something that is 0 or undefined, and whatever belongs
    to a neighbor that the page does not have, is NaN, which LightGBM takes as missing.

    Raises `InputError` on an unknown variant, on a box whose page is not in `pages`, and on boxes without area.
    """
    if isinstance(variant, str):
        if variant not in VARIANTS:
            raise InputError(f"booster.features: {variant!r} is not known; use one of {', '.join(VARIANTS)}")
        variant = VARIANTS[variant]
    boxes = boxes.reset_index(drop=True)
    _check(boxes, pages)
    value = _measures(boxes)
    page_size = pages.drop_duplicates("image_id").set_index("image_id")[["width", "height"]]
    page = page_size.reindex(boxes["image_id"]).to_numpy(np.float64)
    page_width, page_height = page[:, 0], page[:, 1]
    page_area = page_width / page_height if variant.mixed_page_rates else page_width * page_height
    neighbor_page = {
        "width": page_width,
        "height": page_width if variant.mixed_page_rates else page_height,
        "area": page_area,
    }
    groups = value.groupby(boxes["image_id"].to_numpy(object), sort=False)
    statistics = {name: groups.transform(name) for name in _STATISTICS}

    corners, center = boxes[CORNERS].to_numpy(np.float64), centers(boxes)
    overlap = np.zeros(len(boxes))
    source, target = np.full((2, len(boxes), NEIGHBORS), -1)
    for rows in groups.indices.values():
        overlap[rows], here, there = _relations(corners[rows], center[rows], variant.shared_neighbors)
        source[rows] = np.where(here < 0, -1, rows[here])
        target[rows] = np.where(there < 0, -1, rows[there])

    columns = {
        "char_score": boxes["probability"],
        "is_hiragana": boxes["codepoint"].between("U+3040", "U+309F") & (boxes["codepoint"].str.len() == 6),
        "bbox_score": boxes["detector_score"],
        "overlap_rate": overlap / value["area"],
        "page_width": page_width,
        "page_height": page_height,
        "x_page_rate": value["x"] / page_width,
        "y_page_rate": value["y"] / page_height,
        "box_num": groups["x"].transform("size"),
    }
    for size in _SIZES:
        over = {"width": page_width, "height": page_height, "area": page_area}[size]
        columns[f"{size}_page_rate"] = value[size] / over
    for name, table in statistics.items():
        for measure in value:
            rate = _Y_MEAN_RATE if (measure, name) == ("y", "mean") else f"{measure}_{name}_rate"
            columns[rate] = _ratio(value[measure], table[measure])
            columns[f"{name}_{measure}"] = table[measure]

    for k, near in enumerate(_NEAREST):
        here, there = value.reindex(source[:, k]), value.reindex(target[:, k])  # row -1 is no row: NaN
        here, there = here.reset_index(drop=True), there.reset_index(drop=True)
        for size in _SIZES:
            columns[f"{near}_{size}_page_rate"] = there[size] / neighbor_page[size]
            for name, table in statistics.items():
                columns[f"{near}_{size}_{name}_rate"] = _ratio(there[size], table[size])
        dx, dy = there["x"] - here["x"], there["y"] - here["y"]
        columns[f"{near}_distance_page_width_rate"] = np.sqrt(dx**2 + dy**2) / page_width
        columns[f"{near}_distance_page_height_rate"] = np.sqrt(dx**2 + dy**2) / page_height
        columns[f"{near}_radian"] = np.arctan2(dy, dx)

    table = pd.DataFrame({name: np.asarray(columns[name], dtype=np.float64) for name in FEATURES})
    return pd.concat([boxes[["image_id", "box"]], table], axis=1)


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


def _measures(boxes: pd.DataFrame) -> pd.DataFrame:
    """Width, height, area and center of every box, float64 pixels."""
    corners = boxes[CORNERS].to_numpy(np.float64)
    width, height = (corners[:, 2:] - corners[:, :2]).T
    x, y = centers(boxes).T.astype(np.float64)
    return pd.DataFrame({"area": width * height, "width": width, "height": height, "x": x, "y": y})


def _ratio(value: np.ndarray | pd.Series, to: pd.Series) -> np.ndarray:
    return np.asarray(value) / to.where(to != 0).to_numpy()


def _relations(corners: np.ndarray, center: np.ndarray, shared: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each box's summed overlap with the others of its page (n,), and its neighbors as two (n, 5) arrays.

    A neighbor is a pair of row positions, the box it was found from and the box it is, nearest first, equal
    distances in the order they were found; -1 where there is none. With `shared`, box i also has those that the
    published code's one growing list holds when i's turn comes: the first pair of every earlier box, (0, 1), (1, 0),
    (2, 0), ….
    """
    count = len(corners)
    sides = np.minimum(corners[:, None, 2:], corners[None, :, 2:])
    sides -= np.maximum(corners[:, None, :2], corners[None, :, :2])
    overlaps = np.maximum(sides, 0).prod(axis=2)  # (n, n); boxes that only touch overlap by 0
    np.fill_diagonal(overlaps, 0)

    # Squared distances are whole numbers, so that one integer ranks by distance, then by place in the list.
    x, y = center.T
    distance = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2  # (n, n)
    never = np.iinfo(np.int64).max
    place = np.arange(count)
    own = distance * (2 * count) + count + place
    np.fill_diagonal(own, never)
    first = np.where(place == 0, 1, 0)
    if shared and count > 1:
        inherited = distance[place, first] * (2 * count) + place
        inherited = np.where(place[:, None] > place, inherited, never)
        ranks = np.concatenate([inherited, own], axis=1)
    else:
        ranks = own
    if ranks.shape[1] > NEIGHBORS:
        ranks = np.partition(ranks, NEIGHBORS - 1, axis=1)[:, :NEIGHBORS]
    ranks = np.sort(ranks, axis=1)
    ranks = np.pad(ranks, [(0, 0), (0, NEIGHBORS - ranks.shape[1])], constant_values=never)

    position = ranks % (2 * count)
    from_list = position < count
    source = np.where(from_list, position, place[:, None])
    target = np.where(from_list, first[position % count], position - count)
    missing = ranks == never
    return overlaps.sum(axis=1), np.where(missing, -1, source), np.where(missing, -1, target)
