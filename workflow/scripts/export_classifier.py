"""Exports a classifier.

In: its checkpoint, perhaps the one that its training began with. Out: a file of its weights in few bits and settings.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.published.export_classifier import export_classifier

log_to(snakemake.log[0])
settings = snakemake.params.settings
start = snakemake.input.start or None
export_classifier(snakemake.input.classifier, snakemake.output[0], settings["bits"], start, settings["start_share"])
