"""Writes the text of every book as TEI, a document a book.

In: boxes in reading order, their alternatives, pages. Out: a folder of files.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.text.tei import write_tei
from kuzushiji.text.transcripts import read_transcripts

log_to(snakemake.log[0])
write_tei(read_transcripts(snakemake.input), Path(snakemake.output[0]))
