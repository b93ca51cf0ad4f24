"""Denoises the pages of one chunk.

In: page images. Out: a folder with a PNG per page, and their checksums.
"""

from pathlib import Path

from kuzushiji.common.files import write_checksums
from kuzushiji.common.logs import log_to
from kuzushiji.pages.denoise import denoise_pages

log_to(snakemake.log[0])
settings, engine = snakemake.params.settings, snakemake.resources.engine
if engine == "torch":
    from kuzushiji.common.gpus import claim  # imports PyTorch, which the other engine does not need

    claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
denoise_pages(settings["pages"], Path(snakemake.output.folder), settings, snakemake.threads, engine)
write_checksums(snakemake.output.folder, snakemake.output.checksums)
