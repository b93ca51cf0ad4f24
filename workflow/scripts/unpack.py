"""Writes the pages of a chunk of scans as images.

In: files of scans. Out: a folder of PNG pages, and their checksums.
"""

from pathlib import Path

from kuzushiji.common.files import write_checksums
from kuzushiji.common.logs import log_to
from kuzushiji.pages.scans import Scan
from kuzushiji.pages.unpack import unpack

log_to(snakemake.log[0])
unpack([Scan(*page) for page in snakemake.params.settings["pages"]], Path(snakemake.output.images))
write_checksums(snakemake.output.images, snakemake.output.checksums)
