"""Fetches the pages of a chunk from a library.

In: a IIIF manifest. Out: a folder of PNG pages, and their checksums.
"""

from pathlib import Path

from kuzushiji.common.files import write_checksums
from kuzushiji.common.logs import log_to
from kuzushiji.pages.fetch import fetch, read_wanted
from kuzushiji.pages.scans import Scan

log_to(snakemake.log[0])
scans = [Scan(*page) for page in snakemake.params.settings["pages"]]
ahead = read_wanted(snakemake.input[0])
fetch(scans, Path(snakemake.output.images), snakemake.params.max_megapixels, ahead=ahead)
write_checksums(snakemake.output.images, snakemake.output.checksums)
