"""Reading page scans and encoded crops."""

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")
# What is opened, whatever a file's name says: Pillow knows others, some of which start programs (PostScript).
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP")
TURNED = "turned upright as its orientation says"  # the note of such a page
Image.MAX_IMAGE_PIXELS = None  # `pages.max_megapixels` is the limit, and has a message of its own


def open_page(path: str | os.PathLike) -> Image.Image:
    """The page's file, of which Pillow has read the header alone. Raises whatever Pillow does."""
    return Image.open(path, formats=FORMATS)


def read_page(path: str | os.PathLike) -> np.ndarray:
    """The page as people see it: RGB, uint8, (height, width, 3).

    EXIF rotation is applied, gray becomes three channels, and transparent pixels become white.
    """
    with open_page(path) as image:
        return np.asarray(to_rgb(ImageOps.exif_transpose(image)))


def to_rgb(image: Image.Image) -> Image.Image:
    """`image` in mode RGB; transparent parts become white."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")


def denoised_path(folder: str | os.PathLike, image_id: str) -> Path:
    """The path of a denoised page in its chunk's folder."""
    return Path(folder) / f"{image_id}.png"
