"""Writes the text of every page in reading order.

In: recognized boxes, pages. Out: a folder of text files.
"""

from pathlib import Path

from kuzushiji.logs import log_to
from kuzushiji.tables import read_table
from kuzushiji.text import write_text

log_to(snakemake.log[0])
recognized = read_table(snakemake.input.recognized, "recognized")
image_ids = read_table(snakemake.input.pages, "pages")["image_id"].tolist()
write_text(recognized, image_ids, Path(snakemake.output[0]))
