"""Puts the characters of every page into reading order.

In: recognized boxes. Out: the boxes that stay, with their order, columns, lines and roles.
"""

from kuzushiji.logs import log_to
from kuzushiji.reading_order import order_pages
from kuzushiji.tables import read_table, write_table

log_to(snakemake.log[0])
ordered = order_pages(read_table(snakemake.input.recognized, "recognized"))
write_table(ordered, snakemake.output[0], "ordered")
