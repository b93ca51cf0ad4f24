"""Trains one classifier.

In: true boxes, crops, index tables of a fold. Out: a checkpoint with the weights of the best and the last epoch.
"""

from kuzushiji.classifier import train
from kuzushiji.crops import open_crops
from kuzushiji.logs import log_to
from kuzushiji.tables import read_table

log_to(snakemake.log[0])
settings = dict(snakemake.params.settings)
state = settings.pop("state")
charset = sorted(read_table(snakemake.input.truth, "truth")["codepoint"].unique())
training, validation = (read_table(path, "folds") for path in snakemake.input.folds)
train(open_crops(snakemake.input.crops), training, validation, charset, settings, state, snakemake.output[0])
