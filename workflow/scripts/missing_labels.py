"""Lists the characters that labels seem to miss.

In: recognized and true boxes, pages. Out: a table of boxes; the same for people, with the pages that miss most.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.evaluate.missing_labels import incomplete_pages, missing_labels
from kuzushiji.publish.web_tables import write_web_page

SHOWN = 1000  # boxes on the page; the table has all
COLUMNS = ["character", "codepoint", "confidence", "image_id", "x_min", "y_min", "x_max", "y_max"]

log_to(snakemake.log[0])
missing = missing_labels(
    read_table(snakemake.input.recognized, "recognized"),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
    snakemake.params.settings["confidence"],
)
missing.to_csv(snakemake.output.boxes, index=False)
write_web_page(
    snakemake.output.page,
    f"Labels of {snakemake.wildcards.page_set} that seem to be missing: {len(missing):,}",
    {"by page": incomplete_pages(missing).head(SHOWN), "the surest": missing[COLUMNS].head(SHOWN)},
)
