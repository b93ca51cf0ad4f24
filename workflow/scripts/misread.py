"""Draws misread characters.

In: recognized and true boxes, pages, their images, fonts. Out: a picture.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.evaluate.misread import draw_misread

log_to(snakemake.log[0])
draw_misread(
    read_table(snakemake.input.recognized, "recognized"),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
    [Path(path) for path in snakemake.input.fonts],
    snakemake.params.settings,
).save(snakemake.output[0])
