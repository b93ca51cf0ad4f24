"""Shows the characters that are misread.

In: recognized and true boxes, pages, their images, fonts. Out: a picture.
"""

from pathlib import Path

from kuzushiji.logs import log_to
from kuzushiji.misread import draw_misread
from kuzushiji.tables import read_table

log_to(snakemake.log[0])
draw_misread(
    read_table(snakemake.input.recognized, "recognized"),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
    [Path(path) for path in snakemake.input.fonts],
    snakemake.params.settings,
).save(snakemake.output[0])
