"""Fetches the ImageNet weights that classifiers start from.

In: nothing. Out: the file.
"""

from kuzushiji.logs import log_to
from kuzushiji.pretrained_classifier import fetch_classifier

log_to(snakemake.log[0])
fetch_classifier(snakemake.wildcards.architecture, snakemake.output[0])
