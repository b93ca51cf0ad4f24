"""Draws the epochs and confusions of all classifiers.

In: the tables of their epochs and confusions, fonts. Out: a figure of each kind.
"""

from pathlib import Path

import pandas as pd

from kuzushiji.classifier.curves import plot_confusions, plot_history
from kuzushiji.common.logs import log_to

log_to(snakemake.log[0])
names = snakemake.params.settings["classifiers"]
history, confusions = (
    {name: pd.read_csv(path) for name, path in zip(names, paths, strict=True)}
    for paths in (snakemake.input.history, snakemake.input.confusions)
)
plot_history(history, snakemake.output.history)
plot_confusions(confusions, snakemake.output.confusions, [Path(path) for path in snakemake.input.fonts])
