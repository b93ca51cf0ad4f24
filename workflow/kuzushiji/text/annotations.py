"""W3C web annotations on a IIIF canvas (Presentation 3), for image viewers such as Mirador."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.text.transcripts import Transcript, extent

_CONTEXT = [
    "http://iiif.io/api/extension/text-granularity/context.json",
    "http://iiif.io/api/presentation/3/context.json",
]


def write_annotations(pages: Iterable[Transcript], canvas: str, granularity: list[str], folder: Path) -> None:
    """Write an annotation page `folder/{image_id}.json` for every page; settings as in `annotation_page`."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages:
        text = json.dumps(annotation_page(page, canvas, granularity), ensure_ascii=False, indent=1)
        with replacing(folder / f"{page.image_id}.json") as partial:
            partial.write_text(text + "\n", encoding="utf-8")


def annotation_page(page: Transcript, canvas: str, granularity: list[str]) -> dict:
    """The text of a page as annotations, one per line or character, in reading order.

    canvas: the URI of the page's canvas, in which `{image_id}` and `{book}` are replaced by the page's,
    percent-encoded; the canvas must have the image's size. granularity: "line", "glyph" (a character) or both, as in
    IIIF's text granularity extension. Raises `InputError` if `canvas` has another placeholder.
    """
    try:
        identity = canvas.format(image_id=quote(page.image_id, safe=""), book=quote(page.book, safe=""))
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(f"annotations.canvas: {canvas}: only {{image_id}} and {{book}} may stand in braces") from error
    return {
        "@context": _CONTEXT,
        "id": f"{identity}/annotations",
        "type": "AnnotationPage",
        **({"label": {"en": ["corrected by hand"]}} if page.corrected else {}),
        "items": [
            _annotation(identity, name, kind, text, corners)
            for kind, name, text, corners in _parts(page)
            if kind in granularity
        ],
    }


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
