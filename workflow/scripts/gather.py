"""Joins the tables of a page set's chunks.

In: one table a chunk. Out: one table.
"""

from kuzushiji.logs import log_to
from kuzushiji.tables import concat_tables, read_table, write_table

log_to(snakemake.log[0])
kind = snakemake.params.settings["kind"]
tables = [read_table(path, kind) for path in snakemake.input.chunks]
write_table(concat_tables(tables, kind), snakemake.output[0], kind)
