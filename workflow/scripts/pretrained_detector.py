"""Downloads the ImageNet weights that the detector starts from.

In: nothing. Out: the file.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.detector.pretrained_detector import fetch_detector

log_to(snakemake.log[0])
fetch_detector(snakemake.params.settings["address"], snakemake.output[0])
