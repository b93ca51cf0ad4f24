"""Downloads a published file.

In: nothing. Out: the file.
"""

from kuzushiji.common.download import download
from kuzushiji.common.logs import log_to

terminal = log_to(snakemake.log[0])
download(snakemake.params.settings["address"], snakemake.output[0], terminal)
