"""Draws the epochs and confusions of all classifiers.

In: the tables of their epochs and confusions, fonts. Out: a figure of each kind, and all as an HTML page.
"""

from pathlib import Path

import pandas as pd

from kuzushiji.classifier.curves import plot_confusions, plot_history
from kuzushiji.common.logs import log_to
from kuzushiji.publish.web_tables import write_web_page

log_to(snakemake.log[0])
names = snakemake.params.settings["classifiers"]
history, confusions = (
    {name: pd.read_csv(path) for name, path in zip(names, paths, strict=True)}
    for paths in (snakemake.input.history, snakemake.input.confusions)
)
plot_history(history, snakemake.output.history)
# The same training has the same page: how long an epoch took is in history.csv.
parts = {f"{name}, epochs": table.drop(columns="seconds") for name, table in history.items()}
parts |= {f"{name}, confused pairs": table for name, table in confusions.items()}
write_web_page(snakemake.output.page, f"The classifiers of the {snakemake.wildcards.round} round", parts)
plot_confusions(confusions, snakemake.output.confusions, [Path(path) for path in snakemake.input.fonts])
