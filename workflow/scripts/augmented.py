"""Draws augmented training crops of the classifiers.

In: true boxes, crops, index tables of the folds. Out: a picture per classifier.
"""

from kuzushiji.classifier.augmented import augmented
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table

log_to(snakemake.log[0])
charset = sorted(read_table(snakemake.input.truth, "truth")["codepoint"].unique())
for settings, rows, out in zip(
    snakemake.params.settings.values(), snakemake.input.folds, snakemake.output, strict=True
):
    augmented(list(snakemake.input.crops), read_table(rows, "folds"), charset, settings, out)
