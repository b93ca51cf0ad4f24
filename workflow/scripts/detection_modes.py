"""Scores and times the detection modes.

In: a detector's checkpoint, denoised pages, true boxes. Out: a table of modes.
"""

from kuzushiji.common.compute import loaders
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.evaluate.detection_modes import detection_modes

log_to(snakemake.log[0])
claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
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
