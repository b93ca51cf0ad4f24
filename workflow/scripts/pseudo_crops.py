"""Cuts the pseudo-labelled characters of one chunk.

In: pseudo labels of a page set, denoised pages. Out: encoded crops in an Arrow file.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.crops.crops import crop_box, cut_crops

log_to(snakemake.log[0])
settings = snakemake.params.settings
pages = {image_id: Path(path) for image_id, path in settings["pages"]}
labels = read_table(snakemake.input.labels, "truth")
cut_crops(labels[labels["image_id"].isin(list(pages))], pages, snakemake.output[0], settings["padding"], crop_box)
