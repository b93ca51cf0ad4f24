"""Draws what the booster learned, and its out-of-fold quality.

In: the boosters, their out-of-fold predictions, features and boxes of the validation pages, true boxes, pages,
the gain by protocol. Out: tables and figures.
"""

from pathlib import Path

import pandas as pd

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.postprocess.booster import booster_rows
from kuzushiji.postprocess.booster_files import load_boosters
from kuzushiji.postprocess.booster_report import booster_report
from kuzushiji.postprocess.features import read_features
from kuzushiji.publish.web_tables import write_web_page

log_to(snakemake.log[0])
settings = dict(snakemake.params.settings)
variant = settings.pop("variant")
rows = booster_rows(
    read_features(snakemake.input.features),
    read_table(snakemake.input.merged, "merged"),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
)
models = load_boosters([Path(path) for path in snakemake.input.boosters], variant)
out_of_fold = pd.read_parquet(snakemake.input.out_of_fold)
booster_report(models, rows, out_of_fold, settings, Path(snakemake.output.importances).parent)
parts = {
    "gain in F1, by protocol": pd.read_csv(snakemake.input.protocols),
    "importance of the features": pd.read_csv(snakemake.output.importances),
}
write_web_page(snakemake.output.page, f"The booster of the {snakemake.wildcards.round} round", parts)
