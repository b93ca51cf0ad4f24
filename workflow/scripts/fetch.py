"""Fetches the pages of a chunk from a library.

In: a IIIF manifest. Out: a folder of PNG pages, and their checksums.
"""

from pathlib import Path

from kuzushiji.common.files import write_checksums
from kuzushiji.common.logs import log_to
from kuzushiji.pages.fetch import fetch
from kuzushiji.pages.scans import Scan

log_to(snakemake.log[0])
settings = snakemake.params.settings
fetch([Scan(*page) for page in settings["pages"]], Path(snakemake.output.images), Path(settings["state"], "images"))
write_checksums(snakemake.output.images, snakemake.output.checksums)
