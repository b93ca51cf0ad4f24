"""Downloading the ImageNet weights that a detector's training starts from."""

import os
from http.client import HTTPException
from pathlib import Path

from kuzushiji.common.errors import InputError

# The original ResNets of He et al., for unscaled pixels of 0-255: the stride of a block is in its first 1x1
# convolution, and batch norm is folded into a scale and a shift.
ADDRESSES = {  # by depth
    50: "https://download.openmmlab.com/pretrain/third_party/resnet50_msra-5891d200.pth",
    101: "https://download.openmmlab.com/pretrain/third_party/resnet101_msra-6cc46731.pth",
}


def fetch_detector(address: str, destination: str | os.PathLike) -> None:
    """Download the file at `address` to `destination`; its name ends with the first digits of its SHA-256.

    Raises `InputError` if it cannot be downloaded, or does not have that checksum.
    """
    from torch.hub import download_url_to_file  # takes seconds to import, and the rules import this module

    destination = Path(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    expected = Path(address).stem.rpartition("-")[2]
    try:
        download_url_to_file(address, str(destination), hash_prefix=expected, progress=False)
    except (OSError, HTTPException, RuntimeError) as error:  # PyTorch raises the last for another checksum
        raise InputError(
            f"{address}: cannot be downloaded ({error}); run it again, or fetch the file by other means and put it at "
            f"{destination.absolute()}"
        ) from error
