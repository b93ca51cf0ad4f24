"""Shrinks the pages of one chunk to one crop each.

In: denoised pages. Out: an Arrow file of encoded crops.
"""

from kuzushiji.book_classifier.book_crops import book_crops
from kuzushiji.common.logs import log_to

log_to(snakemake.log[0])
settings = snakemake.params.settings
book_crops([tuple(page) for page in settings["pages"]], snakemake.output[0], settings["size"], snakemake.threads)
