"""Training crops of the book classifier: whole pages, each shrunk to one crop."""

import logging
import os
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pyarrow as pa
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.images import open_page
from kuzushiji.crops.crops import PNG, SCHEMA


def book_crops(
    pages: list[tuple[str, str, str | os.PathLike]], out: str | os.PathLike, size: int, threads: int = 1
) -> None:
    """Shrink every `(image_id, book, path)` to a square of `size` pixels and write them to the Arrow file `out`.

    The file is like those of `crops.crops.cut_crops`: a row per page, sorted, with box 0 and the book as codepoint.
    Pages are resized bicubic, without keeping their aspect, as `classifier.classify` resizes them; `threads` at a time.
    Raises `InputError`, naming the file, for a page that cannot be read.
    """

    def shrink(page: tuple[str, str, str | os.PathLike]) -> pa.RecordBatch:
        image_id, book, path = page
        try:
            image = open_page(path).convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
        except (OSError, SyntaxError) as error:  # which Pillow raises for a broken PNG
            raise InputError(f"{path}: the denoised page cannot be read ({error}); denoise it again") from error
        encoded = cv2.imencode(".png", cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR), PNG)[1].tobytes()
        row = {"image_id": image_id, "box": 0, "codepoint": book, "width": size, "height": size}
        return pa.RecordBatch.from_pylist([{**row, "checksum": zlib.crc32(encoded), "image": encoded}], SCHEMA)

    with (
        replacing(out) as partial,
        pa.OSFile(str(partial), "wb") as sink,
        pa.ipc.new_file(sink, SCHEMA) as writer,
        ThreadPoolExecutor(threads) as pool,
    ):
        for batch in pool.map(shrink, sorted(pages)):
            writer.write_batch(batch)
    logging.info("shrank %d pages", len(pages))
