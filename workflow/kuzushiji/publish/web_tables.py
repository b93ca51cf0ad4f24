"""Tables and texts as one HTML page, since Snakemake's report displays HTML, but only links other files."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

_PAGE = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{{ title }}</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #222; background: white; margin: 1.5em; }
.table { overflow: auto; max-height: 90vh; width: fit-content; max-width: 100%; margin: 0.5em 0 1.5em; }
table { border-collapse: separate; border-spacing: 0; }
th, td { padding: 0.2em 0.8em; border-bottom: 1px solid #ddd; text-align: right; font-variant-numeric: tabular-nums; }
th { color: #444; background: #f4f4f4; }
thead th { position: sticky; top: 0; z-index: 1; }
tbody th, thead th:first-child:empty { position: sticky; left: 0; }
thead th:first-child:empty { z-index: 2; }
th { white-space: nowrap; }
tbody th { text-align: left; }
pre { background: #f7f7f7; padding: 1em; overflow-x: auto; }
nav a { margin-right: 1.2em; }
</style>
<h1>{{ title }}</h1>
{% if parts|length > 1 %}
<nav>{% for name in parts %}<a href="#part-{{ loop.index }}">{{ name }}</a>{% endfor %}</nav>
{% endif %}
{% for name, part in parts.items() %}
{% if parts|length > 1 %}<h2 id="part-{{ loop.index }}">{{ name }}</h2>{% endif %}
{% if part is string %}<pre>{{ part }}</pre>
{% elif part.empty %}<p>none</p>
{% else %}<div class="table">{{ table(part) }}</div>
{% endif %}

{% endfor %}
</html>
"""
)


def write_web_page(path: str | os.PathLike, title: str, parts: Mapping[str, pd.DataFrame | str]) -> None:
    """Write `parts`, tables and texts by name, to `path`, a self-contained HTML file."""
    Path(path).write_text(_PAGE.render(title=title, parts=parts, table=html_table), encoding="utf-8")


def with_first(table: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """The table, whose rows are counted anew, with those of these columns that it has before the others."""
    first = [name for name in columns if name in table]
    return table[[*first, *table.columns.difference(first, sort=False)]].reset_index(drop=True)


def rounded(value: float) -> str:
    """A number with four digits, or all digits before the point: 0.1235, 12.35, 27, 12,346."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def html_table(table: pd.DataFrame) -> Markup:
    """The table with its index, unless that only counts the rows; floats are formatted by `rounded`.

    `DataFrame.to_html` writes it: pandas' Styler would give every cell an id and classes, which is most of a page with
    thousands of codepoints.
    """
    counted = isinstance(table.index, pd.RangeIndex)
    return Markup(table.map(_cell).to_html(border=0, justify="right", index_names=False, index=not counted))


def _cell(value) -> str:
    if isinstance(value, str):
        return value
    if pd.isna(value):
        return "–"
    return rounded(value) if isinstance(value, float) else f"{value:,}"
