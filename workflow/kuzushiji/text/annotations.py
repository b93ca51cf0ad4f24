"""W3C web annotations on a IIIF canvas (Presentation 3), for image viewers such as Mirador."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.text.transcripts import Transcript, extent

_CONTEXT = [
    "http://iiif.io/api/extension/text-granularity/context.json",
    "http://iiif.io/api/presentation/3/context.json",
]


class Place(NamedTuple):
    """Where a page's image lies: on the canvas of this id, `region` of it: left, top, width, height in its units."""

    canvas: str
    region: tuple[float, float, float, float]


def write_annotations(
    pages: Iterable[Transcript],
    canvas: str,
    granularity: list[str],
    folder: Path,
    places: Mapping[str, Place] | None = None,
) -> None:
    """Write an annotation page `folder/{image_id}.json` for every page; settings as in `annotation_page`.

    `places`: by page id, of the pages that a library's manifest lists.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        place = (places or {}).get(page.image_id)
        text = json.dumps(annotation_page(page, canvas, granularity, place), ensure_ascii=False, indent=1)
        with replacing(folder / f"{page.image_id}.json") as partial:
            partial.write_text(text + "\n", encoding="utf-8")


def annotation_page(page: Transcript, canvas: str, granularity: list[str], place: Place | None = None) -> dict:
    """The text of a page as annotations, one per line or character, in reading order.

    canvas: the URI of the page's canvas, in which `{image_id}` and `{book}` are replaced by the page's,
    percent-encoded; the canvas must have the image's size. granularity: "line", "glyph" (a character) or both, as in
    IIIF's text granularity extension. place: the library's canvas, in place of that, which may be larger than the image
    that it gives. Raises `InputError` if `canvas` has another placeholder.
    """
    if place is None:
        place = Place(_canvas(page, canvas), (0, 0, page.width, page.height))
    identity = place.canvas
    return {
        "@context": _CONTEXT,
        "id": f"{identity}/annotations",
        "type": "AnnotationPage",
        **({"label": {"en": ["corrected by hand"]}} if page.corrected else {}),
        "items": [
            _annotation(identity, name, kind, text, _placed(corners, page, place.region))
            for kind, name, text, corners in _parts(page)
            if kind in granularity
        ],
    }


def _canvas(page: Transcript, canvas: str) -> str:
    try:
        return canvas.format(image_id=quote(page.image_id, safe=""), book=quote(page.book, safe=""))
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(f"annotations.canvas: {canvas}: only {{image_id}} and {{book}} may stand in braces") from error


def _placed(
    corners: tuple[int, int, int, int], page: Transcript, region: tuple[float, float, float, float]
) -> tuple[int, int, int, int]:
    """Corners on the canvas, of corners on the page's image."""
    left, top, width, height = region
    if not width or not height:  # a malformed manifest: the canvas has no size
        return corners
    across, down = width / page.width, height / page.height
    x_min, y_min = round(left + corners[0] * across), round(top + corners[1] * down)
    x_max, y_max = round(left + corners[2] * across), round(top + corners[3] * down)
    return x_min, y_min, max(x_max, x_min + 1), max(y_max, y_min + 1)


def _parts(page: Transcript) -> Iterator[tuple[str, str, str, tuple[int, int, int, int]]]:
    for block in page.blocks:
        for line in block.lines:
            yield "line", f"l{line.number}", line.text, extent(line.glyphs)
            for glyph in line.glyphs:
                yield "glyph", f"c{glyph.box}", glyph.text, glyph.corners


def _annotation(canvas: str, name: str, kind: str, text: str, corners: tuple[int, int, int, int]) -> dict:
    left, top, right, bottom = corners
    return {
        "id": f"{canvas}/annotations/{name}",
        "type": "Annotation",
        "motivation": "supplementing",
        "textGranularity": kind,
        "body": {"type": "TextualBody", "value": text, "language": "ja", "format": "text/plain"},
        "target": {
            "type": "SpecificResource",
            "source": {"id": canvas, "type": "Canvas"},
            "selector": {
                "type": "FragmentSelector",
                "conformsTo": "http://www.w3.org/TR/media-frags/",
                "value": f"xywh={left},{top},{right - left},{bottom - top}",
            },
        },
    }
