"""Finds the characters on the pages of one chunk.

In: a detector's checkpoint, denoised pages. Out: a table of boxes.
"""

from kuzushiji.common.compute import loaders
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import write_table
from kuzushiji.detector.detect import detect

log_to(snakemake.log[0])
claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
settings = snakemake.params.settings
boxes = detect(snakemake.input.checkpoint, settings["pages"], settings, loaders(snakemake.threads))
write_table(boxes, snakemake.output[0], "detections")
