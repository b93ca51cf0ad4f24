"""Downloading the ImageNet weights that a classifier's training starts from."""

import os
from http.client import HTTPException
from pathlib import Path

import timm
from safetensors import SafetensorError
from safetensors.torch import save

from kuzushiji.classifier.architectures import ppocr, published_efficientnet  # noqa: F401 (registered with timm)
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing


def fetch_classifier(architecture: str, destination: str | os.PathLike) -> None:
    """Fetch timm's pretrained weights of `architecture` and write them to `destination` (safetensors).

    Raises `InputError` if timm does not know the architecture or its weights cannot be fetched.
    """
    if not timm.is_model(architecture):
        raise InputError(f"architecture: timm knows no {architecture}; timm.list_models() names those it knows")
    try:
        model = timm.create_model(architecture, pretrained=True)
    except (OSError, RuntimeError, HTTPException, SafetensorError) as error:  # the hub's errors are among them
        raise InputError(
            f"the pretrained weights of {architecture} cannot be had ({error}); run it again with a network, put a "
            f"safetensors file in timm's names at {Path(destination).absolute()}, or set pretrained: false"
        ) from error
    # Copies: some networks use one weight in two places, which the format does not allow.
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    with replacing(Path(destination)) as partial:
        partial.write_bytes(save(weights))
