"""Writes the text of every page as ALTO XML.

In: boxes in reading order, their alternatives, pages, their images.
Out: a folder of XML files, with upright copies of scans that were turned.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.text.alto import write_alto
from kuzushiji.text.transcripts import transcripts
from kuzushiji.text.upright import with_upright_files

log_to(snakemake.log[0])
folder = Path(snakemake.output[0])
table = read_table(snakemake.input.pages, "pages")
pages = transcripts(
    read_table(snakemake.input.ordered, "ordered"), read_table(snakemake.input.alternatives, "alternatives"), table
)
write_alto(with_upright_files(pages, table, folder), folder)
