"""Compares protocols for the booster's folds.

In: features and boxes of the validation pages, true boxes, pages, the best parameters. Out: scores by protocol.
"""

from pathlib import Path

import yaml

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.postprocess.booster import booster_rows
from kuzushiji.postprocess.features import read_features
from kuzushiji.postprocess.protocols import compare_protocols

log_to(snakemake.log[0])
settings = dict(snakemake.params.settings)
threshold = settings.pop("threshold")
merged = read_table(snakemake.input.merged, "merged")
truth = read_table(snakemake.input.truth, "truth")
pages = read_table(snakemake.input.pages, "pages")
rows = booster_rows(read_features(snakemake.input.features), merged, truth, pages)
best = yaml.safe_load(Path(snakemake.input.best).read_text())
table = compare_protocols(rows, merged, truth, best, settings, threshold, snakemake.threads)
table.to_csv(snakemake.output[0], index=False, float_format="%.4f")
