"""Draws the results on a few pages, from the worst to the best.

In: recognized boxes, pages, their images, fonts, true boxes if there are any. Out: a folder of JPEGs.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.publish.examples import write_examples

log_to(snakemake.log[0])
truth = snakemake.input.truth
write_examples(
    read_table(snakemake.input.recognized, "recognized"),
    read_table(truth, "truth") if truth else None,
    read_table(snakemake.input.pages, "pages"),
    [Path(path) for path in snakemake.input.fonts],
    Path(snakemake.output[0]),
    snakemake.params.settings,
)
