"""Imports the boxes of a published detector on a page set.

In: the original list of boxes, the order of its pages, the pages. Out: a table of detections.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.published.import_detections import import_detections

log_to(snakemake.log[0])
pages = read_table(snakemake.input.pages, "pages")
found = import_detections(
    snakemake.input.published, snakemake.input.order, pages, snakemake.params.settings["max_long_side"]
)
write_table(found, snakemake.output[0], "detections")
