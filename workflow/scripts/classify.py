"""Classifies one detector's boxes of one chunk with one classifier, or with several.

In: the classifiers' checkpoints, boxes, denoised pages, priors of codepoints. Out: a table of predictions for each.
"""

from pathlib import Path

from kuzushiji.classifier.classify import classify
from kuzushiji.classifier.priors import read_priors
from kuzushiji.common.compute import loaders
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table

log_to(snakemake.log[0])
claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
settings = snakemake.params.settings
detections = read_table(snakemake.input.detections, "detections")
pages = {image_id: Path(path) for image_id, path in settings["pages"]}
detections = detections[detections["image_id"].isin(pages)]  # imported ones cover the whole page set
workers = loaders(snakemake.threads)
priors = read_priors(snakemake.input.priors) if snakemake.input.priors else None
for checkpoint, output in zip(snakemake.input.checkpoints, snakemake.output, strict=True):
    write_table(classify(checkpoint, detections, pages, settings, workers, priors), output, "top_k")
