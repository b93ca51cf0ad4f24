"""A web page to read, search and correct a page set, without server or network."""

import base64
import hashlib
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import jinja2
import pandas as pd
from markupsafe import Markup
from PIL import Image

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import printable
from kuzushiji.common.files import replacing
from kuzushiji.common.images import read_page
from kuzushiji.common.tables import in_page_order
from kuzushiji.pages.manifest import is_address
from kuzushiji.publish.web_fonts import web_fonts
from kuzushiji.text.variants import variants

_PLACE = ["image_id", *CORNERS]
_SMALLEST_SIDE = 600  # pixels: smaller pages would not be readable


def write_viewer(
    name: str,
    recognized: pd.DataFrame,
    ordered: pd.DataFrame,
    alternatives: pd.DataFrame,
    pages: pd.DataFrame,
    confidence: pd.DataFrame,
    fonts: list[Path],
    template: Path,
    settings: dict,
    out: Path,
    processes: int,
    corrected: Collection[str] = (),
    truth: pd.DataFrame | None = None,
    missing: pd.DataFrame | None = None,
    kanji: Iterable[tuple[str, str]] = (),
) -> None:
    """Write `out`, a self-contained HTML file, for the page set `name`.

    `recognized`, `ordered`, `alternatives` and `pages` are tables of these kinds for the same pages, `confidence` says
    how far these can be believed (`text.transcripts.read_confidence`). `template` is a
    folder with `viewer.html` and the files it includes. `settings` has `max_side` (pixels, of a page's image),
    `quality` (of JPEG), `max_megabytes` (of all images; if they are larger, all shrink equally, down to 600 pixels) and
    `review` (boxes below this probability are initially listed for review), `unreadable` lists pairs of a scan that
    was left out and the reason, and `places` the folders, files or addresses that the scans are from.

    Pages whose ids are `corrected` are marked. With the true boxes `truth` and the table `missing` of
    `evaluate.missing_labels`, both of which labelled pages have, the latter's boxes are listed, to be added to the
    labels. Search finds variants of kana, and the pairs of `kanji`, for each other if asked.

    The browser stores corrections under the name of the page set and a checksum of the `places`, independent of the
    round; those of before, under the images' folders or the name alone, are taken over if they are of these pages.
    """
    pages = in_page_order(pages)
    boxes = join_boxes(recognized, ordered, alternatives)
    if missing is not None:
        ranked = missing[_PLACE].assign(missing=range(len(missing)))
        boxes = boxes.merge(ranked, on=_PLACE, how="left", validate="many_to_one")
    characters = {character(codepoint) for codepoint in set(boxes["codepoint"]).union(*boxes["codepoints"])}
    page_set = {
        "name": name,
        "storage": f"kuzushiji {name} {_checksum_of_places(settings['places'])}",
        "former_storage": [
            f"kuzushiji {name} {_checksum_of_places(os.path.dirname(path) for path in pages['path'])}",
            f"kuzushiji {name}",
        ],
        "review": settings["review"],
        "labelled": truth is not None,
        "variants": variants(characters, kanji),
        "pages": [
            {
                "id": page.image_id,
                "width": page.width,
                "height": page.height,
                "corrected": page.image_id in corrected,
                "file": Path(page.path).name,
                "confidence": float(confidence.loc[page.image_id, "confidence"]),
                "note": confidence.loc[page.image_id, "note"],
            }
            for page in pages.itertuples(index=False)
        ],
    }
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(template), autoescape=True, trim_blocks=True)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    with TemporaryDirectory() as folder, replacing(out) as partial:
        images = _shrink_pages([Path(path) for path in pages["path"]], settings, Path(folder), processes)
        environment.get_template("viewer.html").stream(
            page_set=page_set,
            unreadable=[(printable(file), reason) for file, reason in settings["unreadable"]],
            fonts=[_base64(font) for font in web_fonts(characters, fonts)],
            inline=lambda file: Markup((template / file).read_text(encoding="utf-8")),
            pages=_embedded(boxes, pages, images, {} if truth is None else label_runs(truth)),
        ).dump(str(partial), encoding="utf-8")
    logging.info("%d pages, %.1f MB", len(pages), out.stat().st_size / 1e6)


def join_boxes(recognized: pd.DataFrame, ordered: pd.DataFrame, alternatives: pd.DataFrame) -> pd.DataFrame:
    """All recognized boxes with their position in the text and their alternatives; boxes in the text come first."""
    key = ["image_id", "box"]
    place = ordered[[*key, "position", "block", "column", "line", "role"]]
    boxes = recognized.merge(place, on=key, how="left", validate="one_to_one")
    boxes = boxes.merge(alternatives[[*key, "codepoints", "probabilities"]], on=key, validate="one_to_one")
    boxes = boxes.sort_values(
        ["image_id", "position", "box"], ignore_index=True
    )  # rejected boxes, without a position, last
    boxes["role"] = boxes["role"].where(boxes["kept"], "text")
    return boxes.fillna(dict.fromkeys(["position", "block", "column", "line"], -1))


def _embedded(
    boxes: pd.DataFrame, pages: pd.DataFrame, images: list[Path], labels: Mapping[str, str]
) -> Iterator[dict]:
    by_page = dict(list(boxes.groupby("image_id")))
    none = boxes.iloc[:0]
    for image_id, image in zip(pages["image_id"], images, strict=True):
        found = page_boxes(by_page.get(image_id, none))
        yield {"boxes": found, "image": _base64(image.read_bytes()), "labels": labels.get(image_id, "")}


def label_runs(truth: pd.DataFrame) -> dict[str, str]:
    """The true boxes of every page that has any, by id, as runs of `codepoint x y width height`."""
    sizes = truth.assign(width=truth["x_max"] - truth["x_min"], height=truth["y_max"] - truth["y_min"])
    rows = sizes["codepoint"].str.cat(sizes[["x_min", "y_min", "width", "height"]].astype(str), sep=" ")
    return rows.groupby(truth["image_id"]).agg(" ".join).to_dict()


def page_boxes(boxes: pd.DataFrame) -> list[dict]:
    """The viewer's data of a page's boxes, in the order of `join_boxes`.

    The `alternatives` of a box are pairs of a character and its probability, best first; `block`, `column` and `line`
    of rejected boxes are -1. A box that the labels seem to miss has its rank among these, `missing`.
    """
    return [
        {
            "x": box.x_min,
            "y": box.y_min,
            "width": box.x_max - box.x_min,
            "height": box.y_max - box.y_min,
            "character": character(box.codepoint),
            "probability": round(box.probability, 4),
            "keep_probability": round(box.keep_probability, 4),
            "kept": box.kept,
            "block": int(box.block),
            "column": int(box.column),
            "line": int(box.line),
            "role": box.role,
            "alternatives": [
                (character(codepoint), round(float(probability), 4))
                for codepoint, probability in zip(box.codepoints, box.probabilities, strict=True)
            ],
        }
        | ({} if pd.isna(getattr(box, "missing", None)) else {"missing": int(box.missing)})
        for box in boxes.itertuples(index=False)
    ]


def _shrink_pages(paths: list[Path], settings: dict, folder: Path, processes: int) -> list[Path]:
    """Write JPEG files of all pages to `folder`, within the total size if pages stay readable."""
    files = [folder / f"{number}.jpg" for number in range(len(paths))]
    side, most = settings["max_side"], settings["max_megabytes"] * 1e6
    with ProcessPoolExecutor(processes) as pool:
        while True:
            total = sum(pool.map(_shrink_page, paths, repeat(side), repeat(settings["quality"]), files))
            if total <= most or side == _SMALLEST_SIDE:
                break
            side = max(_SMALLEST_SIDE, min(side - 1, int(0.97 * side * (most / total) ** 0.5)))
            logging.warning(
                "%.3g MB of images: pages are shrunk to %d pixels (viewer.max_megabytes)", total / 1e6, side
            )
    return files


def _shrink_page(path: Path, side: int, quality: int, file: Path) -> int:
    """Write a page as JPEG, with a longer side of at most `side` pixels; return the size in bytes."""
    image = Image.fromarray(read_page(path))
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3)
    image.save(file, "JPEG", quality=quality, optimize=True)
    return file.stat().st_size


def _checksum_of_places(places: Iterable[str]) -> str:
    # What the workflow itself made, and what is in a library, has the same place wherever the workflow runs.
    found = (
        place if place.startswith("results/") or is_address(place) else os.path.realpath(place) for place in places
    )
    return hashlib.sha256(b"\0".join(sorted(set(map(os.fsencode, found))))).hexdigest()[:16]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
