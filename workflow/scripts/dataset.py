"""Makes statistics of the page sets.

In: pages and true boxes of all page sets. Out: a table, as CSV and HTML, and figures.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.publish.dataset import page_set_table, plot_books, plot_boxes, plot_codepoints
from kuzushiji.publish.web_tables import write_web_page

log_to(snakemake.log[0])
settings = snakemake.params.settings
pages = {
    name: read_table(path, "pages") for name, path in zip(settings["page_sets"], snakemake.input.pages, strict=True)
}
truth = {
    name: read_table(path, "truth") for name, path in zip(settings["labelled"], snakemake.input.truth, strict=True)
}
table = page_set_table(pages, truth)
table.to_csv(snakemake.output.table)
write_web_page(snakemake.output.page, "The page sets", {"page sets": table.astype(object).T})
plot_books(pages, snakemake.output.books)
plot_boxes(pages, truth, snakemake.output.boxes)
plot_codepoints(truth, snakemake.output.codepoints)
