"""Trains one classifier.

In: true boxes, crops, index tables of a fold, ImageNet weights; in later rounds pseudo labels, in the refine round the
classifier to continue from.
Out: a checkpoint with the weights of the best and the last epoch, and tables of the epochs and of confusions.
"""

from pathlib import Path

from kuzushiji.classifier.classifier import Outputs, classes, train
from kuzushiji.common.compute import loaders
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import concat_tables, read_table
from kuzushiji.crops.sampling import sampling_weights

if __name__ == "__main__":  # further processes import this file
    log_to(snakemake.log[0])
    claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
    settings = dict(snakemake.params.settings)
    state = Path(settings.pop("state"), snakemake.params.code)
    charset = classes(read_table(snakemake.input.truth, "truth"), snakemake.input.start or None)
    training, validation = (read_table(path, "folds") for path in snakemake.input.folds)
    image_sets = dict(settings.pop("image_sets"))
    if settings["sampling"]:
        training["weight"] = sampling_weights(training, image_sets, settings["sampling"])
    outputs = Outputs(snakemake.output.checkpoint, snakemake.output.history, snakemake.output.confusions)
    processes = max(1, int(snakemake.resources.gpu))
    workers = loaders(snakemake.threads, processes)
    pseudo = [read_table(path, "folds") for path in snakemake.input.pseudo]
    train(
        list(snakemake.input.crops),
        training,
        validation,
        charset,
        settings,
        state,
        outputs,
        workers,
        processes,
        concat_tables(pseudo, "folds"),
        snakemake.input.start or None,
        snakemake.input.pretrained or None,
    )
