"""Searches the booster's parameters.

In: features and boxes of the validation pages, true boxes. Out: the best parameters.
"""

from pathlib import Path

import pandas as pd

from kuzushiji.booster import training_rows
from kuzushiji.logs import log_to
from kuzushiji.search import search
from kuzushiji.tables import read_table

log_to(snakemake.log[0])
features, target, _ = training_rows(
    pd.read_parquet(snakemake.input.features),
    read_table(snakemake.input.merged, "merged"),
    read_table(snakemake.input.truth, "truth"),
)
settings = dict(snakemake.params.settings)
storage = Path(settings.pop("state"), "study.db")
search(features, target, settings, storage, Path(snakemake.output[0]), snakemake.threads)
