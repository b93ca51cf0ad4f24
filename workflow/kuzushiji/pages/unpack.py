"""The page images that scans become: upright, RGB, and of a PDF in the resolution of its images."""

import io
from pathlib import Path

import pypdfium2 as pdfium
from PIL import Image, ImageOps

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.images import to_rgb
from kuzushiji.pages.scans import OPENED, Scan, is_pdf, pdf_images


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
    """A page as a PNG file, RGB and upright; a PDF's page in the resolution of its largest image."""
    if is_pdf(file):
        with pdfium.PdfDocument(file) as document:
            image = _rendered(document[frame])
    else:
        with Image.open(file, formats=OPENED) as opened:
            opened.seek(frame)
            if opened.mode[0] in "IF":
                raise ValueError("has more than 8 bits a channel; convert it to 8 bits")
            image = to_rgb(ImageOps.exif_transpose(opened))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _rendered(page: pdfium.PdfPage) -> Image.Image:
    scales = []
    for image in pdf_images(page):
        left, bottom, right, top = image.get_bounds()
        if right > left and top > bottom:
            across, down = image.get_px_size()
            turned = (across > down) != (right - left > top - bottom)
            across, down = (down, across) if turned else (across, down)
            scales.append(((right - left) * (top - bottom), max(across / (right - left), down / (top - bottom))))
    scale = max(scales)[1] if scales else 300 / 72  # a page of drawings or text alone
    scale *= 1 - 1e-5  # pdfium rounds sizes up, those too that are whole but for the last digits
    return page.render(scale=scale).to_pil().convert("RGB")
