"""Fuses the classifiers' predictions for one detector's boxes.

In: a table per classifier. Out: one table.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.postprocess.fuse import fuse

log_to(snakemake.log[0])
settings = snakemake.params.settings
kind = "top_k" if settings["method"] == "soft_vote" else "predictions"  # the lists take long to read
tables = [read_table(path, kind) for path in snakemake.input.predictions]
fused = fuse(dict(zip(settings["classifiers"], tables, strict=True)), settings["method"])
write_table(fused, snakemake.output[0], "predictions")
