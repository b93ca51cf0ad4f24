"""Denoises the pages of one chunk.

In: page images, their versions. Out: a folder with a PNG per page, their checksums, and digests of the images.
"""

from pathlib import Path

from kuzushiji.common.files import write_checksums
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.pages.denoise import denoise_pages
from kuzushiji.pages.versions import checksums, write_digests

log_to(snakemake.log[0])
claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
settings, engine = snakemake.params.settings, snakemake.resources.engine
held = checksums([path for _, path in settings["pages"]], snakemake.threads)
denoise_pages(settings["pages"], Path(snakemake.output.folder), settings, snakemake.threads, engine)
write_checksums(snakemake.output.folder, snakemake.output.checksums)
write_digests(snakemake.input.versions, held, snakemake.output.digests)
