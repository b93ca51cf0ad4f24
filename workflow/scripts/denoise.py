"""Denoises the pages of one chunk.

In: page images. Out: a folder with a PNG per page, and their checksums.
"""

from pathlib import Path

from kuzushiji.common.files import write_checksums
from kuzushiji.common.logs import log_to
from kuzushiji.pages.denoise import denoise_pages

log_to(snakemake.log[0])
settings = snakemake.params.settings
denoise_pages(settings["pages"], Path(snakemake.output.folder), settings, snakemake.threads)
write_checksums(snakemake.output.folder, snakemake.output.checksums)
