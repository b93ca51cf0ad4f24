"""Figures as SVG files: the same data give the same bytes."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib.style
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager

from kuzushiji.common.fonts import plain_first

BLUE, ORANGE, GRAY = "#2f6f9f", "#d9822b", "#9aa0a6"

# No random ids and no date; text as text.
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
def drawing(path: str | os.PathLike, width: float, height: float, fonts: Iterable[Path] = ()) -> Iterator[Figure]:
    """Yield an empty figure of `width` by `height` inches, and save it to `path` (SVG by its suffix) at the end.

    With `fonts`, text in any script is drawn with them, for readers whose machine has no font for it.
    """
    style = dict(_STYLE)
    if fonts:
        style |= {"svg.fonttype": "path", "font.family": ["DejaVu Sans", *map(_family, plain_first(fonts))]}
    with matplotlib.style.context(style, after_reset=True):
        figure = Figure(figsize=(width, height))
        yield figure
        figure.savefig(path, metadata={"Date": None} if str(path).endswith(".svg") else None)


def _family(font: Path) -> str:
    """The family name of the font, now registered with matplotlib."""
    fontManager.addfont(font)
    return FontProperties(fname=font).get_name()
