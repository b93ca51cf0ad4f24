"""Imports a published classifier.

In: the original checkpoint. Out: a classifier's checkpoint.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.published.import_classifier import import_classifier

log_to(snakemake.log[0])
import_classifier(snakemake.input.published, snakemake.output[0], snakemake.params.settings)
