"""Denoises the pages of one chunk.

In: page images. Out: a folder of PNGs, one a page.
"""

from pathlib import Path

from kuzushiji.denoise import denoise_pages
from kuzushiji.logs import log_to

log_to(snakemake.log[0])
settings = snakemake.params.settings
denoise_pages(settings["pages"], Path(snakemake.output[0]), settings, snakemake.threads)
