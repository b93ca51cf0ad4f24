"""Measures postprocessing, from fusion to submission, on made-up pages.

In: a plain version of it. Out: a table of times and memory.
"""

import tempfile
from pathlib import Path

import plain

from kuzushiji.common.logs import log_to
from kuzushiji.postprocess.postprocessing_speed import postprocessing_speed

if __name__ == "__main__":
    log_to(snakemake.log[0])
    with tempfile.TemporaryDirectory() as folder:
        table = postprocessing_speed(
            snakemake.params.settings, plain.pairwise_suppression, plain.features, Path(folder), snakemake.threads
        )
    table.to_csv(snakemake.output[0], index=False, float_format="%.5g")
