"""Exports a detector.

In: its checkpoint. Out: a file of its weights in few bits and settings.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.published.export_detector import export_detector

log_to(snakemake.log[0])
export_detector(snakemake.input[0], snakemake.output[0], snakemake.params.settings["bits"])
