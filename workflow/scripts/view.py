"""Selects a page set from others.

In: their tables of pages and of true boxes. Out: the same for the selected pages.
"""

from kuzushiji.logs import log_to
from kuzushiji.tables import read_table, write_table
from kuzushiji.view import view

log_to(snakemake.log[0])
image_ids = snakemake.params.settings["pages"]
for kind in ("pages", "truth"):
    tables = [read_table(path, kind) for path in snakemake.input[kind]]
    write_table(view(tables, image_ids), snakemake.output[kind], kind)
