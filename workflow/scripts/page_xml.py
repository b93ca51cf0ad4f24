"""Writes the text of every page as PAGE XML.

In: boxes in reading order, their alternatives, pages. Out: a folder of XML files.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.text.page_xml import write_page_xml
from kuzushiji.text.transcripts import transcripts

log_to(snakemake.log[0])
pages = transcripts(
    read_table(snakemake.input.ordered, "ordered"),
    read_table(snakemake.input.alternatives, "alternatives"),
    read_table(snakemake.input.pages, "pages"),
)
write_page_xml(pages, Path(snakemake.output[0]))
