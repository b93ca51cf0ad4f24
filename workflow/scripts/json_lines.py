"""Writes all results as JSON lines.

In: boxes in reading order, their alternatives, pages, and how far these can be believed.
Out: a file with a line per page.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.text.json_lines import write_json_lines
from kuzushiji.text.transcripts import read_transcripts

log_to(snakemake.log[0])
write_json_lines(read_transcripts(snakemake.input), Path(snakemake.output[0]))
