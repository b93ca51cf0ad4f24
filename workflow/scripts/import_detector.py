"""Makes a detector of the published weights.

In: the published solution's checkpoint. Out: a checkpoint of this workflow.
"""

from kuzushiji.import_detector import import_detector
from kuzushiji.logs import log_to

log_to(snakemake.log[0])
import_detector(snakemake.input.published, snakemake.output[0])
