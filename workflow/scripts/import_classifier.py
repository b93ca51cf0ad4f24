"""Imports a published classifier.

In: the original checkpoint. Out: a classifier's checkpoint.
"""

from kuzushiji.import_classifier import import_classifier
from kuzushiji.logs import log_to

log_to(snakemake.log[0])
import_classifier(snakemake.input.published, snakemake.output[0], snakemake.params.settings)
