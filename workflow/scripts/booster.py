"""Trains the false-positive predictor.

In: features and boxes of the validation pages, true boxes, the best parameters. Out: one LightGBM text model a fold.
"""

import json
from pathlib import Path

import pandas as pd
import yaml

from kuzushiji.booster import train, training_rows
from kuzushiji.logs import log_to
from kuzushiji.tables import read_table

log_to(snakemake.log[0])
rows = training_rows(
    pd.read_parquet(snakemake.input.features),
    read_table(snakemake.input.merged, "merged"),
    read_table(snakemake.input.truth, "truth"),
)
best = yaml.safe_load(Path(snakemake.input.best).read_text())
folder = Path(snakemake.output.folds[0]).parent
scores = train(*rows, best, snakemake.params.settings, folder, snakemake.threads)
Path(snakemake.output.scores).write_text(json.dumps(scores, indent=1))
