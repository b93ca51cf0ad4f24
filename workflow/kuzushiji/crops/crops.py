"""Training crops: labelled characters, cut once from the denoised pages and stored encoded in Arrow files."""

import logging
import os
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing

SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("box", pa.int32()),
        ("codepoint", pa.string()),
        ("width", pa.int32()),  # pixels of the crop
        ("height", pa.int32()),
        ("checksum", pa.uint32()),  # CRC-32 of `image`, which tells changed crops without reading them
        ("image", pa.binary()),  # PNG
    ]
)
# Without row filters these images are smaller, and take a fifth less time to decode.
PNG = [cv2.IMWRITE_PNG_COMPRESSION, 6, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]


def padded_box(boxes: np.ndarray, width: int, height: int, padding: float) -> np.ndarray:
    """Boxes (N, 4) enlarged on each side by the rounded share `padding` of their width and height, inside the page.

    Halves round to even. The page is `width` x `height` pixels; the result is int64, (N, 4).
    """
    size = boxes[:, 2:] - boxes[:, :2]  # (N, 2)
    margin = np.rint(size * padding).astype(np.int64)
    scaled = np.hstack([boxes[:, :2] - margin, boxes[:, 2:] + margin])
    return np.clip(scaled, 0, [width, height, width, height]).astype(np.int64)


def crop_box(boxes: np.ndarray, width: int, height: int, padding: float) -> np.ndarray:
    """Boxes (N, 4) enlarged on all sides by the rounded share `padding` of their mean side, inside the page.

    Halves round to even, as in the published solution. The page is `width` x `height` pixels; int64, (N, 4).
    """
    margin = np.rint((boxes[:, 2:] - boxes[:, :2]).mean(axis=1, keepdims=True) * padding).astype(np.int64)
    scaled = np.hstack([boxes[:, :2] - margin, boxes[:, 2:] + margin])
    return np.clip(scaled, 0, [width, height, width, height]).astype(np.int64)


def cut_crops(
    truth: pd.DataFrame,
    pages: Mapping[str, Path],
    out: str | os.PathLike,
    padding: float,
    pad: Callable[[np.ndarray, int, int, float], np.ndarray] = padded_box,
) -> None:
    """Cut every box of `truth` (schema "truth") from its denoised page and write them to the Arrow file `out`.

    `pages` maps an image_id to the file of its denoised page; the function `pad` enlarges boxes by `padding`. The file
    has the columns of `SCHEMA`, sorted by page and box, with one record batch per page: it can be memory-mapped, and
    writing and reading need the memory of one page. Raises `InputError`, naming page and box, for a missing page
    or a box that covers no pixel of it.
    """
    truth = truth.sort_values(["image_id", "box"])
    with replacing(out) as partial, pa.OSFile(str(partial), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for image_id, rows in truth.groupby("image_id"):
            writer.write_batch(_cut_page(rows, page_file(pages, image_id), padding, pad))
    logging.info("cut %d crops from %d pages", len(truth), truth["image_id"].nunique())


def open_crops(paths: list[str | os.PathLike]) -> pa.Table:
    """The crops of all given files of `cut_crops`, in order, memory-mapped: nothing is read before it is used.

    Raises `InputError` for a file that is missing or of another kind.
    """
    tables = []
    for path in paths:
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"{path}: cannot be read as a file of crops ({error}); cut the crops again") from error
        if table.schema != SCHEMA:
            raise InputError(f"{path}: not a file of crops: it has the columns {', '.join(table.schema.names)}")
        tables.append(table)
    return pa.concat_tables(tables) if tables else SCHEMA.empty_table()


def page_file(pages: Mapping[str, Path], image_id: str) -> Path:
    """The denoised page of `image_id`. Raises `InputError` if `pages` does not have it."""
    if image_id not in pages:
        raise InputError(f"page {image_id} has boxes but no denoised page is given; denoise it first")
    return Path(pages[image_id])


def _cut_page(rows: pd.DataFrame, path: Path, padding: float, pad: Callable) -> pa.RecordBatch:
    page = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    if page is None:
        raise InputError(f"{path}: the denoised page is missing or no image; denoise it again")
    height, width = page.shape[:2]
    boxes = pad(rows[CORNERS].to_numpy(), width, height, padding)
    empty = (boxes[:, 2] <= boxes[:, 0]) | (boxes[:, 3] <= boxes[:, 1])
    if empty.any():
        bad = rows[empty].iloc[0]
        raise InputError(
            f"page {bad['image_id']}, box {bad['box']} ({', '.join(str(bad[name]) for name in CORNERS)}) covers no "
            f"pixel of the page of {width} x {height} pixels; correct or remove that label"
        )
    images = [
        cv2.imencode(".png", page[top:bottom, left:right], PNG)[1].tobytes() for left, top, right, bottom in boxes
    ]
    columns = {
        "image_id": rows["image_id"],
        "box": rows["box"],
        "codepoint": rows["codepoint"],
        "width": boxes[:, 2] - boxes[:, 0],
        "height": boxes[:, 3] - boxes[:, 1],
        "checksum": list(map(zlib.crc32, images)),
        "image": images,
    }
    return pa.RecordBatch.from_pydict(
        {name: pa.array(columns[name], SCHEMA.field(name).type) for name in SCHEMA.names}, schema=SCHEMA
    )
