"""Filters false positives.

In: merged boxes, their features, boosters. Out: all boxes, with the probability to be kept, and whether they are.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.postprocess.features import read_features
from kuzushiji.postprocess.filter import filter_boxes

log_to(snakemake.log[0])
recognized = filter_boxes(
    read_table(snakemake.input.merged, "merged"),
    read_features(snakemake.input.features),
    [Path(path) for path in snakemake.input.boosters],
    snakemake.params.settings["threshold"],
    snakemake.params.settings["variant"],
    snakemake.threads,
)
write_table(recognized, snakemake.output[0], "recognized")
