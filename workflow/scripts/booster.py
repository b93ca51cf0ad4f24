"""Trains the false-positive predictor.

In: features and boxes of the validation pages, true boxes, pages, the best parameters.
Out: one LightGBM text model per fold, the out-of-fold predictions, and their scores.
"""

import json
from pathlib import Path

import yaml

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.postprocess.booster import booster_rows, train
from kuzushiji.postprocess.features import read_features

log_to(snakemake.log[0])
settings = dict(snakemake.params.settings)
variant = settings.pop("features")
rows = booster_rows(
    read_features(snakemake.input.features),
    read_table(snakemake.input.merged, "merged"),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
)
best = yaml.safe_load(Path(snakemake.input.best).read_text())
folder = Path(snakemake.output.folds[0]).parent
out_of_fold, scores = train(rows, best, settings, variant, folder, snakemake.threads)
out_of_fold.to_parquet(snakemake.output.out_of_fold, index=False)
Path(snakemake.output.scores).write_text(json.dumps(scores, indent=1))
