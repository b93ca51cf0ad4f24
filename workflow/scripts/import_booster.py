"""Imports the published boosters.

In: the original pickle. Out: a LightGBM text file per fold.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.published.import_booster import import_booster

log_to(snakemake.log[0])
import_booster(snakemake.input.published, [Path(path) for path in snakemake.output])
