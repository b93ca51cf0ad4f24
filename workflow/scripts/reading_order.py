"""Puts the characters of every page into reading order.

In: recognized boxes. Out: the kept boxes, with their order, columns, lines and roles.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.text.reading_order import order_pages

log_to(snakemake.log[0])
ordered = order_pages(read_table(snakemake.input.recognized, "recognized"))
write_table(ordered, snakemake.output[0], "ordered")
