"""Draws the results on the original pages.

In: recognized boxes, pages, their images, fonts. Out: a folder with a JPEG per page.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.publish.overlays import write_overlays

log_to(snakemake.log[0])
write_overlays(
    read_table(snakemake.input.recognized, "recognized"),
    read_table(snakemake.input.pages, "pages"),
    [Path(path) for path in snakemake.input.fonts],
    Path(snakemake.output[0]),
    snakemake.threads,
)
