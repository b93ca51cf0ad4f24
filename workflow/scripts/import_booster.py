"""Imports the published boosters.

In: the original pickle. Out: one LightGBM text file a fold.
"""

from pathlib import Path

from kuzushiji.import_booster import import_booster
from kuzushiji.logs import log_to

log_to(snakemake.log[0])
import_booster(snakemake.input.published, [Path(path) for path in snakemake.output])
