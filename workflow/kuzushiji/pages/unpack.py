"""The page images that scans become: upright, RGB, and of a PDF in the resolution of its images."""

import io
import math
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image, ImageOps

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.images import to_rgb
from kuzushiji.pages.scans import OPENED, Scan, is_pdf, pdf_images

_COVERED = 0.1  # the share of a PDF's page that images must cover to give its resolution


def unpack(scans: list[Scan], folder: Path) -> None:
    """Write every page to `folder/{image_id}.png`.

    Raises one `InputError` for all pages that cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    problems = []
    for scan in scans:
        try:
            data = page_image(Path(scan.source), scan.frame)
        except (OSError, SyntaxError, ValueError, pdfium.PdfiumError) as error:
            problems.append(f"{scan.source}, page {scan.frame + 1}: {error}")
            continue
        with replacing(folder / f"{scan.image_id}.png") as partial:
            partial.write_bytes(data)
    if problems:
        raise InputError(f"Problems with the scans ({len(problems)}); take these out:\n" + "\n".join(problems))


def page_image(file: Path, frame: int) -> bytes:
    """A page as a PNG file, RGB and upright; a PDF's page, if it is one of images, in the resolution of its largest."""
    if is_pdf(file):
        with pdfium.PdfDocument(file) as document:
            page = document[frame]
            image = page.render(scale=_scale(page)).to_pil().convert("RGB")
    else:
        with Image.open(file, formats=OPENED) as opened:
            opened.seek(frame)
            if opened.mode[0] in "IF":
                raise ValueError("has more than 8 bits a channel; convert it to 8 bits")
            image = to_rgb(ImageOps.exif_transpose(opened))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def rendered_size(page: pdfium.PdfPage) -> tuple[int, int]:
    """Width and height in pixels of the image that a PDF's page becomes."""
    width, height = page.get_size()
    scale = _scale(page)
    return math.ceil(width * scale), math.ceil(height * scale)


def _scale(page: pdfium.PdfPage) -> float:
    """Pixels a point in which a page is drawn."""
    scales = []
    for (across, down), (left, bottom, right, top) in pdf_images(page):
        if right > left and top > bottom:
            turned = (across > down) != (right - left > top - bottom)
            across, down = (down, across) if turned else (across, down)
            scales.append(((right - left) * (top - bottom), max(across / (right - left), down / (top - bottom))))
    covered = sum(area for area, _ in scales) / (page.get_width() * page.get_height())
    # 300 dots per inch for a page of drawings or text, which may have a small picture of any resolution.
    scale = max(scales)[1] if covered >= _COVERED else 300 / 72
    return scale * (1 - 1e-5)  # pdfium rounds sizes up, those too that are whole but for the last digits
