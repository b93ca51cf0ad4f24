"""Downloads the ImageNet weights that classifiers start from.

In: nothing. Out: the file.
"""

from kuzushiji.classifier.pretrained_classifier import fetch_classifier
from kuzushiji.common.logs import log_to

log_to(snakemake.log[0])
fetch_classifier(snakemake.wildcards.architecture, snakemake.output[0])
