"""Checks the images and labels of one image set.

In: images, labels or none. Out: a table of pages and one of true boxes.
"""

from kuzushiji.logs import log_to
from kuzushiji.page_sets import Page
from kuzushiji.pages import check_pages
from kuzushiji.tables import write_table

log_to(snakemake.log[0])
settings = snakemake.params.settings
labels = snakemake.input.get("labels") or None
pages, truth = check_pages(
    [Page(*page) for page in settings["pages"]], labels, settings["max_megapixels"], snakemake.threads
)
write_table(pages, snakemake.output.pages, "pages")
write_table(truth, snakemake.output.truth, "truth")
