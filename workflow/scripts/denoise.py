"""Denoises the pages of one chunk.

In: page images. Out: a folder with a PNG per page, and their checksums.
"""

from pathlib import Path

from kuzushiji.common.files import write_checksums
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.pages.denoise import denoise_pages

log_to(snakemake.log[0])
claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
settings, engine = snakemake.params.settings, snakemake.resources.engine
denoise_pages(settings["pages"], Path(snakemake.output.folder), settings, snakemake.threads, engine)
write_checksums(snakemake.output.folder, snakemake.output.checksums)
