"""Checks the labels of one image set.

In: a table of pages, labels or none. Out: a table of true boxes.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.pages.truth import check_labels

log_to(snakemake.log[0])
pages = read_table(snakemake.input.pages, "pages")
labels = snakemake.input.get("labels") or None
settings = snakemake.params.settings
truth = check_labels(pages, labels, settings["least_trust"], settings["of_some"])
write_table(truth, snakemake.output[0], "truth")
