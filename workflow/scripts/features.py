"""Computes the booster's features of every box.

In: merged boxes, pages. Out: a row of features per box.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.postprocess.features import page_features, write_features

log_to(snakemake.log[0])
merged = read_table(snakemake.input.merged, "merged")
pages = read_table(snakemake.input.pages, "pages")
write_features(page_features(merged, pages, snakemake.params.settings["variant"]), snakemake.output[0])
