"""Checks the images of one image set.

In: images, their versions. Out: a table of pages, digests of their images.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import write_table
from kuzushiji.pages.page_ids import Page
from kuzushiji.pages.pages import check_pages
from kuzushiji.pages.versions import write_digests

log_to(snakemake.log[0])
settings = snakemake.params.settings
pages = check_pages([Page(*page) for page in settings["pages"]], settings["max_megapixels"], snakemake.threads)
held = dict(zip(pages["path"], pages.pop("sha256"), strict=True))
write_digests(snakemake.input.versions, held, snakemake.output.digests)
write_table(pages, snakemake.output.pages, "pages")
