"""Draws the font of a made-up hand.

In: KanjiVG's archive of strokes. Out: a TrueType font.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.synthetic.hand import write_hand

log_to(snakemake.log[0])
write_hand(Path(snakemake.input.strokes), snakemake.params.settings, Path(snakemake.output[0]), snakemake.threads)
