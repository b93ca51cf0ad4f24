"""Draws the losses of the detector's training.

In: the table of losses. Out: a picture.
"""

from pathlib import Path

import pandas as pd

from kuzushiji.common.logs import log_to
from kuzushiji.detector.detector_losses import plot_losses

log_to(snakemake.log[0])
plot_losses(pd.read_csv(snakemake.input.losses), snakemake.params.settings["snapshots"], Path(snakemake.output[0]))
