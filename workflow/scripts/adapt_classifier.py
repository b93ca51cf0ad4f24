"""Adapts one classifier to a book.

In: the classifier, true boxes, crops and index tables of a fold, of labelled pages of the book and of replayed pages.
Out: a checkpoint, and tables of the epochs and of confusions.
"""

from pathlib import Path

from kuzushiji.classifier.adapt_classifier import adapt_classifier
from kuzushiji.classifier.classifier import Outputs
from kuzushiji.common.compute import loaders
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table

if __name__ == "__main__":  # further processes import this file
    log_to(snakemake.log[0])
    claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
    settings = snakemake.params.settings
    adapt_classifier(
        snakemake.input.start,
        list(snakemake.input.crops),
        read_table(snakemake.input.training, "folds"),
        read_table(snakemake.input.validation, "folds"),
        set(read_table(snakemake.input.truth, "truth")["codepoint"]),
        dict(settings["image_sets"]),
        settings["changes"],
        Path(settings["state"], snakemake.params.code),
        Outputs(snakemake.output.checkpoint, snakemake.output.history, snakemake.output.confusions),
        loaders(snakemake.threads),
    )
