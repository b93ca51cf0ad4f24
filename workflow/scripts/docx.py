"""Writes the text of every book as Word documents, one a book.

In: boxes in reading order, their alternatives, pages. Out: a folder of files.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.text.docx import write_docx
from kuzushiji.text.transcripts import read_transcripts

log_to(snakemake.log[0])
write_docx(read_transcripts(snakemake.input), Path(snakemake.output[0]))
