"""Measures the speed of loading crops for a classifier's training.

In: true boxes, crops, the training crops of a fold. Out: a table of crops per second.
"""

from kuzushiji.classifier.crop_loading import crop_loading
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table

log_to(snakemake.log[0])
charset = sorted(read_table(snakemake.input.truth, "truth")["codepoint"].unique())
workers = max(0, snakemake.threads - 1)
rows = read_table(snakemake.input.fold, "folds")
table = crop_loading(list(snakemake.input.crops), rows, charset, dict(snakemake.params.settings), workers)
table.to_csv(snakemake.output[0], index=False)
