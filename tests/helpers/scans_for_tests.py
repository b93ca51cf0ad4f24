"""A folder of scans of every kind, and what is in it."""

import numpy as np
import pikepdf
from PIL import Image

# The pages of `write_scans`: their books, and the number of the picture.
IDS = {
    "book_0001": ("book", 3),
    "book_0002": ("book", 4),
    "camera": ("scans", 5),
    "library": ("scans", 3),
    "lossless": ("scans", 2),
    "pages_0001": ("pages", 1),
    "pages_0002": ("pages", 2),
    "phone": ("scans", 4),
    "plain": ("scans", 0),
    "second book_1": ("second book", 1),
}


def picture(number=0, size=(60, 80)):
    """A page of one gray with a black corner at the upper left."""
    image = np.full((size[1], size[0], 3), 100 + 20 * number, np.uint8)
    image[:20, :20] = 0
    return Image.fromarray(image)


def write_pdf(path, images, password=None):
    images[0].save(path, "PDF", save_all=True, append_images=images[1:], resolution=150)
    if password:
        with pikepdf.open(path, allow_overwriting_input=True) as document:
            document.save(path, encryption=pikepdf.Encryption(owner=password, user=password))


def write_scans(folder):
    """Write scans of every kind into a new folder."""
    (folder / "second book").mkdir(parents=True)
    picture().save(folder / "plain.jpg", quality=95)
    picture(1).save(folder / "second book/1.bmp")
    picture(2).save(folder / "lossless.webp", lossless=True)
    picture(3).save(folder / "library.jp2")
    picture(4).save(folder / "phone.heic", quality=90)
    picture(5).save(folder / "camera.mpo", save_all=True, append_images=[picture(0)])
    picture(1).save(folder / "pages.tif", save_all=True, append_images=[picture(2)])
    write_pdf(folder / "book.pdf", [picture(3), picture(4)])
    (folder / ".hidden.pdf").write_text("no")
