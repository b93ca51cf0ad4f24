"""Imports an exported classifier.

In: a file of weights and settings. Out: a checkpoint of this workflow.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.published.import_small_classifier import import_small_classifier

log_to(snakemake.log[0])
import_small_classifier(snakemake.input[0], snakemake.output[0])
