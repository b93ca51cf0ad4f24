"""Downloading the ImageNet weights that a detector's training starts from."""

import os
from pathlib import Path
from typing import TextIO

from kuzushiji.common.download import download
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import checksum

# The original ResNets of He et al., for unscaled pixels of 0-255: the stride of a block is in its first 1x1
# convolution, and batch norm is folded into a scale and a shift.
ADDRESSES = {  # by depth
    50: "https://download.openmmlab.com/pretrain/third_party/resnet50_msra-5891d200.pth",
    101: "https://download.openmmlab.com/pretrain/third_party/resnet101_msra-6cc46731.pth",
}


def fetch_detector(address: str, destination: str | os.PathLike, terminal: TextIO | None = None) -> None:
    """Download the file at `address` to `destination`; its name ends with the first digits of its SHA-256.

    Raises `InputError` if it cannot be downloaded, or does not have that checksum.
    """
    destination = Path(destination)
    download(address, destination, terminal)
    found, expected = checksum(destination), Path(address).stem.rpartition("-")[2]
    if not found.startswith(expected):
        destination.unlink()
        raise InputError(f"{address}: its SHA-256 is {found}, where the name says {expected}…; fetch it from elsewhere")
