"""JSON lines, one object per page with all results, for programs."""

import json
from collections.abc import Iterable
from pathlib import Path

from kuzushiji.common.codepoints import character
from kuzushiji.common.files import replacing
from kuzushiji.text.transcripts import Glyph, Line, Transcript


def write_json_lines(pages: Iterable[Transcript], path: Path) -> None:
    """Write one line per page to `path`, UTF-8."""
    with replacing(path) as partial, open(partial, "w", encoding="utf-8", newline="\n") as file:
        for page in pages:
            file.write(json.dumps(page_object(page), ensure_ascii=False, separators=(",", ":")) + "\n")


def page_object(page: Transcript) -> dict:
    """The page as lists and dictionaries: `lines` in reading order, each with its `characters`.

    Boxes are [x_min, y_min, x_max, y_max] in pixels; probabilities are rounded to four decimals.
    """
    return {
        "image_id": page.image_id,
        "book": page.book,
        "file": page.file,
        "width": page.width,
        "height": page.height,
        "corrected": page.corrected,
        "confidence": page.confidence,
        "note": page.note,
        "lines": [_line(block.number, line) for block in page.blocks for line in block.lines],
    }


def _line(block: int, line: Line) -> dict:
    found = {"line": line.number, "block": block, "column": line.column, "role": line.role, "text": line.text}
    if line.base is not None:
        found["base"] = line.base
    return found | {"characters": [_character(glyph) for glyph in line.glyphs]}


def _character(glyph: Glyph) -> dict:
    return {
        "box": glyph.box,
        "codepoint": glyph.codepoint,
        "character": glyph.text,
        "corners": list(glyph.corners),
        "probability": round(glyph.probability, 4),
        "alternatives": [
            {"codepoint": name, "character": character(name), "probability": round(share, 4)}
            for name, share in glyph.alternatives
        ],
    }
