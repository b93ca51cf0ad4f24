"""A small page set for the viewer: three pages, whose ids and characters are as awkward as they come."""

from pathlib import Path

import matplotlib_fontja
import numpy as np
import pandas as pd
from PIL import Image

from kuzushiji.evaluate.missing_labels import missing_labels
from kuzushiji.publish.viewer import write_viewer
from kuzushiji.text.confidence import page_confidence
from kuzushiji.text.reading_order import order_pages
from kuzushiji.text.variants import read_kanji_variants

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "workflow" / "viewer"
FONTS = sorted((Path(matplotlib_fontja.__file__).parent / "fonts").glob("*.ttf"))
CONFIDENCE = {"boxes": 3, "filtered": 0.5, "spacing": 0.05, "size": 0.1, "least": 0.65}
SETTINGS = {"max_side": 600, "quality": 70, "max_megabytes": 100, "review": 0.8, "unreadable": []}
IDS = ["a plain one", 'b\'s "</script><!--", & <b>', "c 最後"]
WIDTH, HEIGHT = 400, 600

# Page 0 has two columns, read いろは and にほ, page 1 one; page 2 has none.
BOXES = [  # page, x, y, character, probability, keep_probability, other characters
    (0, 300, 100, "い", 0.99, 0.99, "りこ"),
    (0, 300, 160, "ろ", 0.55, 0.95, "る3"),
    (0, 300, 220, "は", 0.98, 0.97, "ほ"),
    (0, 200, 100, "に", 0.97, 0.60, "た"),
    (0, 200, 160, "ほ", 0.96, 0.96, "は"),
    (0, 60, 400, "一", 0.90, 0.35, "二"),  # rejected, but nearly kept
    (1, 300, 100, "ほ", 0.95, 0.95, "は"),
    (1, 300, 160, "へ", 0.30, 0.90, "つ"),
    (1, 100, 500, "、", 0.90, 0.01, "。"),  # rejected
]


def codepoint(character: str) -> str:
    return f"U+{ord(character):04X}"


def recognized(boxes: list[tuple] = BOXES) -> pd.DataFrame:
    """Recognized boxes with their alternatives."""
    rows = []
    for number, (page, x, y, character, probability, keep, others) in enumerate(boxes):
        rest = [(1 - probability) / 2**place for place in range(1, len(others) + 1)]
        rows.append(
            {
                "image_id": IDS[page],
                "box": number,
                "x_min": x,
                "y_min": y,
                "x_max": x + 40,
                "y_max": y + 50,
                "detector_score": 0.9,
                "codepoint": codepoint(character),
                "probability": np.float32(probability),
                "detector": "060000",
                "keep_probability": np.float32(keep),
                "kept": keep >= 0.5,
                "codepoints": [codepoint(character), *map(codepoint, others)],
                "probabilities": np.array([probability, *rest], np.float32),
            }
        )
    return pd.DataFrame(rows)


def tables(boxes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Tables of the kinds recognized, ordered and alternatives, from what `recognized` gives."""
    known = boxes.drop(columns=["codepoints", "probabilities"])
    return known, order_pages(known), boxes[["image_id", "box", "codepoints", "probabilities"]]


def draw_pages(folder: Path) -> pd.DataFrame:
    """A table of pages with their images: paper with gray squares where the boxes are."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, image_id in enumerate(IDS):
        page = np.full((HEIGHT, WIDTH, 3), (230, 215, 180), np.uint8)
        for at, x, y, *_ in BOXES:
            if at == number:
                page[y : y + 50, x : x + 40] = 90
        path = folder / f"page {number}.png"
        Image.fromarray(page).save(path)
        rows.append({"image_id": image_id, "book": "mine", "path": str(path), "width": WIDTH, "height": HEIGHT})
    return pd.DataFrame(rows)


def make_viewer(
    folder: Path,
    table: pd.DataFrame | None = None,
    name: str = "mine",
    scans: Path | None = None,
    truth: pd.DataFrame | None = None,
    **settings,
) -> Path:
    """A viewer in `folder`, of pages drawn in `scans` or there, with the labels `truth` if they have some."""
    out = folder / "viewer" / f"{name}.html"
    table = recognized() if table is None else table
    pages = draw_pages(scans or folder)
    rated = page_confidence(table, order_pages(table), pages, CONFIDENCE).set_index("image_id")
    labelled = {}
    if truth is not None:
        labelled = {"truth": truth, "missing": missing_labels(table, truth, pages, 0.5)}
    settings = SETTINGS | {"places": [str((scans or folder) / "book.pdf")]} | settings
    kanji = read_kanji_variants(ROOT / "resources/variants/kanji.csv")
    write_viewer(name, *tables(table), pages, rated, FONTS, TEMPLATE, settings, out, 1, kanji=kanji, **labelled)
    return out
