"""What a run comes to, on the first page of the report: scores of the page sets, and a picture."""

import base64
import io
import os
from collections.abc import Mapping
from pathlib import Path

import jinja2
import pandas as pd
from PIL import Image

from kuzushiji.common.images import read_page
from kuzushiji.publish.examples import choose_examples, page_scores
from kuzushiji.publish.overlays import draw_overlay
from kuzushiji.publish.web_tables import html_table

_SIDE = 1100  # pixels of the picture's longer side
# A part of the report's first page, which has styles of its own: all of these are for this part alone.
_PART = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """\
<style>
.front-page { font: 15px/1.45 system-ui, sans-serif; color: #222; background: white; }
.front-page .figures { display: flex; flex-wrap: wrap; gap: .5em 2.5em; margin: 0 0 1em; padding: 0; list-style: none; }
.front-page .figures li { margin: 0; padding: 0; color: #555; }
.front-page .figures li::before { content: none; }
.front-page .figures b { display: block; font-size: 2.2em; line-height: 1.1; color: #0054b4; }
.front-page table { border-collapse: collapse; width: auto; margin: 0 0 1.2em; }
.front-page th, .front-page td { padding: .2em .9em; border-bottom: 1px solid #ddd; text-align: right; }
.front-page td { font-variant-numeric: tabular-nums; }
.front-page tbody th { text-align: left; }
.front-page img { max-width: 100%; max-height: 65vh; margin: 0; }
</style>
<div class="front-page">
<ul class="figures">
{% for name, value in figures %}
<li><b>{{ value }}</b> {{ name }}</li>
{% endfor %}
</ul>
{{ table }}
{% if picture %}
<figure><img src="data:image/jpeg;base64,{{ picture }}" alt="A page with the characters that were read">
<figcaption>{{ caption }}</figcaption></figure>
{% endif %}
</div>
"""
)


def front_table(
    pages: Mapping[str, int], metrics: Mapping[str, dict], texts: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """A row a page set, in the order of `pages`, which has their numbers of pages.

    metrics: of the labelled page sets, see `evaluate.metrics`; the last stage's scores are shown. texts: of those whose
    text is known the error rates by book, see `evaluate.text_metrics`.

    Columns: `pages`, `characters` (labelled ones), `F1`, `precision`, `recall`, `F1 of boxes alone`, and `CER`, the
    character error rate of the text; missing where they are unknown, left out where they are of all.
    """
    rows = []
    for name, count in pages.items():
        found = metrics.get(name, {})
        last = list(found["stages"].values())[-1] if found else {}
        rows.append(
            {
                "pages": count,
                "F1": last.get("f1"),
                "CER": _error_rate(texts[name]) if name in texts else None,
                "precision": last.get("precision"),
                "recall": last.get("recall"),
                "F1 of boxes alone": last["detection"]["f1"] if last else None,
                "characters": found.get("characters"),
            }
        )
    table = pd.DataFrame(rows, index=pd.Index(pages, name="page set")).dropna(axis=1, how="all")
    return table.astype({"pages": "Int64", **dict.fromkeys(table.columns.intersection(["characters"]), "Int64")})


def _error_rate(books: pd.DataFrame) -> float:
    read = books[(books["source"] == "recognized") & (books["book"] == "(all)")]
    return float(read["error_rate"].iloc[0])


def example(
    recognized: pd.DataFrame, truth: pd.DataFrame | None, pages: pd.DataFrame, fonts: list[Path]
) -> tuple[Image.Image, str] | None:
    """A page of middling F1, or if labels are unknown from the middle, with the recognized boxes, and its caption.

    None if there is no page with boxes.
    """
    chosen = choose_examples(pages, None if truth is None else page_scores(recognized, truth, pages), 3)
    if not chosen:
        return None
    image_id, f1 = chosen[(len(chosen) - 1) // 2]
    path = pages.set_index("image_id").loc[image_id, "path"]
    image = draw_overlay(read_page(Path(path)), recognized[recognized["image_id"] == image_id], fonts)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    score = "" if f1 is None else f", F1 {f1:.3f}"
    return image, f"Page {image_id}{score}: what was read stands beside its box, blue if it is sure, red if not."


def write_front_page(table: pd.DataFrame, picture: tuple[Image.Image, str] | None, path: str | os.PathLike) -> None:
    """Write the `front_table` and an `example`, if there is one, to `path`, a part of an HTML page.

    The scores of the first page set that has some stand above them.
    """
    scored = table[table.get("F1", pd.Series(index=table.index, dtype=float)).notna()]
    figures = [("pages read", f"{table['pages'].sum():,}")]
    if len(scored):
        first, name = scored.iloc[0], scored.index[0]
        figures.insert(0, (f"F1 on {name}", f"{first['F1']:.3f}"))
        if pd.notna(first.get("CER")):
            figures.insert(1, ("character error rate (CER)", f"{first['CER']:.1%}"))
    image, caption = picture or (None, "")
    part = _PART.render(figures=figures, table=html_table(table), picture=image and _jpeg(image), caption=caption)
    Path(path).write_text(part, encoding="utf-8")


def _jpeg(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return base64.b64encode(file.getvalue()).decode("ascii")
