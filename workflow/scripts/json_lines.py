"""Writes all results as JSON lines.

In: boxes in reading order, their alternatives, pages. Out: a file with a line per page.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.text.json_lines import write_json_lines
from kuzushiji.text.transcripts import transcripts

log_to(snakemake.log[0])
pages = transcripts(
    read_table(snakemake.input.ordered, "ordered"),
    read_table(snakemake.input.alternatives, "alternatives"),
    read_table(snakemake.input.pages, "pages"),
)
write_json_lines(pages, Path(snakemake.output[0]))
