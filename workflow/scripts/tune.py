"""Tunes the booster's parameters.

In: features and boxes of the validation pages, true boxes, pages. Out: the best parameters.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.postprocess.booster import booster_rows
from kuzushiji.postprocess.features import FEATURES, read_features
from kuzushiji.postprocess.tune import tune

log_to(snakemake.log[0])
rows = booster_rows(
    read_features(snakemake.input.features),
    read_table(snakemake.input.merged, "merged"),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
)
rows = rows[rows["labelled"]]
settings = dict(snakemake.params.settings)
state = Path(settings.pop("state"))
storage = state / snakemake.params.code / "study.journal"
former = state.with_name("search") / "study.db"
tune(rows[FEATURES], rows["target"], settings, storage, Path(snakemake.output[0]), snakemake.threads, former)
