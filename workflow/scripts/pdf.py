"""Writes the text of every book as searchable PDF, a file a book.

In: boxes in reading order, their alternatives, pages. Out: a folder of files.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.text.pdf import write_pdf
from kuzushiji.text.transcripts import read_transcripts

log_to(snakemake.log[0])
write_pdf(read_transcripts(snakemake.input), Path(snakemake.output[0]))
