"""Writes the text of every page as PAGE XML.

In: boxes in reading order, their alternatives, pages, their images.
Out: a folder of XML files, with upright copies of scans that were turned.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.text.page_xml import write_page_xml
from kuzushiji.text.transcripts import read_transcripts
from kuzushiji.text.upright import with_upright_files

log_to(snakemake.log[0])
folder = Path(snakemake.output[0])
pages = with_upright_files(read_transcripts(snakemake.input), read_table(snakemake.input.pages, "pages"), folder)
write_page_xml(pages, folder)
