"""Feeding encoded crops to a classifier's training."""

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from kuzushiji.errors import InputError


class Crops(Dataset):
    """Pairs of a transformed crop, uint8 (channels, size, size), and its label, its codepoint's place in a charset.

    `crops` is the table of `kuzushiji.crops.open_crops`, `rows` a table "folds" of which of them, repeats included.
    Raises `InputError`, naming the first at fault, if a row has no crop or its codepoint is not in `charset`.
    """

    def __init__(self, crops: pa.Table, rows: pd.DataFrame, charset: list[str], channels: str, transform: Callable):
        self.images = crops["image"]
        self.transform = transform
        self.channels = channels

        places = crops.select(["image_id", "box"]).to_pandas().assign(place=np.arange(len(crops)))
        found = rows[["image_id", "box"]].merge(places, how="left", validate="many_to_one")["place"].to_numpy()
        self.labels = pd.Index(charset).get_indexer(rows["codepoint"])
        uncut, unknown = np.isnan(found), self.labels < 0
        for bad, problem in (uncut, "has no crop; cut the crops again"), (unknown, "is of no class of the charset"):
            if bad.any():
                row = rows[bad].iloc[0]
                raise InputError(f"page {row['image_id']}, box {row['box']} ({row['codepoint']}) {problem}")
        self.places = found.astype(np.int64)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        encoded = np.frombuffer(self.images[self.places[index]].as_buffer(), np.uint8)
        image = Image.fromarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB))
        # Pillow's gray, as at test: OpenCV's differs by a level here and there.
        return self.transform(image.convert("L") if self.channels == "gray" else image), int(self.labels[index])


def loader(crops: Crops, batches: Iterable, workers: int, seed: int) -> DataLoader:
    """Batches of `crops`, each a list of indices, loaded by `workers` processes; `seed` fixes their random numbers.

    New processes every time: what they draw must depend on `seed` alone for a resumed training to equal an
    uninterrupted one.
    """
    return DataLoader(
        crops,
        batch_sampler=batches,
        num_workers=workers,
        generator=torch.Generator().manual_seed(seed),
        pin_memory=torch.cuda.is_available(),
    )
