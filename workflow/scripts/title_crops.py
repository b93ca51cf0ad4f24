"""Shrinks the pages of one chunk to one crop each.

In: denoised pages. Out: an Arrow file of encoded crops.
"""

from kuzushiji.logs import log_to
from kuzushiji.title_crops import title_crops

log_to(snakemake.log[0])
settings = snakemake.params.settings
title_crops([tuple(page) for page in settings["pages"]], snakemake.output[0], settings["size"], snakemake.threads)
