"""Joins the tables of a page set's chunks.

In: a table per chunk. Out: one table.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import gather_tables

log_to(snakemake.log[0])
gather_tables(snakemake.input.chunks, snakemake.output[0], snakemake.params.settings["kind"])
