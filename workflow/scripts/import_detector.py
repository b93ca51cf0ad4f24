"""Imports a published detector.

In: the original checkpoint. Out: a detector's checkpoint.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.published.import_detector import import_detector

log_to(snakemake.log[0])
import_detector(snakemake.input.published, snakemake.output[0])
