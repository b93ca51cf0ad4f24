"""Writes the text of every page and book.

In: boxes in reading order, pages, how far these can be believed. Out: a folder of text files.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.text.text import write_text
from kuzushiji.text.transcripts import corrected_pages, read_confidence

log_to(snakemake.log[0])
write_text(
    read_table(snakemake.input.ordered, "ordered"),
    read_table(snakemake.input.pages, "pages"),
    read_confidence(snakemake.input.confidence),
    Path(snakemake.output[0]),
    corrected_pages(snakemake.input.corrected),
)
