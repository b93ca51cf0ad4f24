"""Draws how the trainings of all classifiers went.

In: their tables of epochs and of what is confused. Out: a figure of each.
"""

import pandas as pd

from kuzushiji.curves import plot_confusions, plot_history
from kuzushiji.logs import log_to

log_to(snakemake.log[0])
names = snakemake.params.settings["classifiers"]
for plot, tables, out in (
    (plot_history, snakemake.input.history, snakemake.output.history),
    (plot_confusions, snakemake.input.confusions, snakemake.output.confusions),
):
    plot({name: pd.read_csv(path) for name, path in zip(names, tables, strict=True)}, out)
