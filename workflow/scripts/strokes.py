"""Downloads the strokes of characters.

In: nothing. Out: KanjiVG's archive.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.synthetic.strokes import fetch_strokes

log_to(snakemake.log[0])
fetch_strokes(Path(snakemake.output[0]))
