"""Scores and times the detection modes.

In: a detector's checkpoint, denoised pages, true boxes. Out: a table of modes.
"""

from kuzushiji.compute import loaders
from kuzushiji.detection_modes import detection_modes
from kuzushiji.logs import log_to
from kuzushiji.tables import read_table

log_to(snakemake.log[0])
settings = dict(snakemake.params.settings)
files = settings.pop("files")
table = detection_modes(
    snakemake.input.checkpoint,
    files,
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
    settings,
    loaders(snakemake.threads),
)
table.round(4).to_csv(snakemake.output[0], index=False)
