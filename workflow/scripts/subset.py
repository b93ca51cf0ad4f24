"""Selects a page set from others.

In: tables of one kind, of pages or of true boxes. Out: one table with the selected pages.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.pages.subset import subset

log_to(snakemake.log[0])
settings = snakemake.params.settings
tables = [read_table(path, settings["kind"]) for path in snakemake.input.tables]
write_table(subset(tables, settings["pages"]), snakemake.output[0], settings["kind"])
