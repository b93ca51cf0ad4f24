"""Checks the images of one image set.

In: images. Out: a table of pages.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import write_table
from kuzushiji.pages.page_ids import Page
from kuzushiji.pages.pages import check_pages

log_to(snakemake.log[0])
settings = snakemake.params.settings
pages = check_pages([Page(*page) for page in settings["pages"]], settings["max_megapixels"], snakemake.threads)
write_table(pages, snakemake.output[0], "pages")
