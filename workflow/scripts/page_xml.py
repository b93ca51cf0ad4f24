"""Writes the text of every page as PAGE XML.

In: boxes in reading order, their alternatives, pages. Out: a folder of XML files.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.text.page_xml import write_page_xml
from kuzushiji.text.transcripts import read_transcripts

log_to(snakemake.log[0])
pages = read_transcripts(snakemake.input)
write_page_xml(pages, Path(snakemake.output[0]))
