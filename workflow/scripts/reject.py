"""Rejects false positives.

In: merged boxes, their features, boosters. Out: the boxes with their probability to stay, and whether they do.
"""

from pathlib import Path

from kuzushiji.features import read_features
from kuzushiji.logs import log_to
from kuzushiji.reject import reject
from kuzushiji.tables import read_table, write_table

log_to(snakemake.log[0])
recognized = reject(
    read_table(snakemake.input.merged, "merged"),
    read_features(snakemake.input.features),
    [Path(path) for path in snakemake.input.boosters],
    snakemake.params.settings["threshold"],
    snakemake.params.settings["variant"],
    snakemake.threads,
)
write_table(recognized, snakemake.output[0], "recognized")
