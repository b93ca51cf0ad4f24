"""Figures as SVG files: the same data give the same bytes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib.style
from matplotlib.figure import Figure

BLUE, ORANGE, GRAY = "#2f6f9f", "#d9822b", "#9aa0a6"

# No random ids and no date. Text stays text, in whatever script names are written.
_STYLE = {
    "svg.hashsalt": "kuzushiji",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
}


@contextmanager
def drawing(path: str | os.PathLike, width: float, height: float) -> Iterator[Figure]:
    """Yield an empty figure of `width` by `height` inches, and save it to `path` (SVG by its suffix) at the end."""
    with matplotlib.style.context(_STYLE, after_reset=True):
        figure = Figure(figsize=(width, height))
        yield figure
        figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)
