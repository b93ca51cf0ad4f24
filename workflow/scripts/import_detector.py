"""Makes a detector of the published weights.

In: the published solution's checkpoint. Out: a checkpoint of this workflow.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.published.import_detector import import_detector

log_to(snakemake.log[0])
import_detector(snakemake.input.published, snakemake.output[0])
