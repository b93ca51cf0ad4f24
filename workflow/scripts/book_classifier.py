"""Trains the book classifier.

In: shrunk pages, index tables for training and validation, ImageNet weights.
Out: a checkpoint with the weights of the best and the last epoch, and tables of the epochs and of confusions.
"""

from pathlib import Path

from kuzushiji.classifier.classifier import Outputs, train
from kuzushiji.common.compute import loaders
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table

if __name__ == "__main__":  # further processes import this file
    log_to(snakemake.log[0])
    claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
    settings = dict(snakemake.params.settings)
    state = Path(settings.pop("state"), snakemake.params.code)
    training, validation = (read_table(path, "folds") for path in snakemake.input.folds)
    books = sorted(training["codepoint"].unique())
    outputs = Outputs(snakemake.output.checkpoint, snakemake.output.history, snakemake.output.confusions)
    processes = max(1, int(snakemake.resources.gpu))
    workers = loaders(snakemake.threads, processes)
    train(
        list(snakemake.input.crops),
        training,
        validation,
        books,
        settings,
        state,
        outputs,
        workers,
        processes,
        pretrained=snakemake.input.pretrained or None,
    )
