"""Merges the detectors' boxes.

In: a fused table per detector. Out: one table.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.postprocess.nms import merge_detectors

log_to(snakemake.log[0])
settings = snakemake.params.settings
tables = [read_table(path, "predictions") for path in snakemake.input.fused]
merged = merge_detectors(dict(zip(settings["detectors"], tables, strict=True)), settings["iou"])
write_table(merged, snakemake.output[0], "merged")
