"""Cuts the training crops of one chunk.

In: true boxes, denoised pages. Out: an Arrow file of encoded crops.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.crops.crops import cut_crops

log_to(snakemake.log[0])
settings = snakemake.params.settings
pages = {image_id: Path(path) for image_id, path in settings["pages"]}
truth = read_table(snakemake.input.truth, "truth")
cut_crops(truth[truth["image_id"].isin(pages.keys())], pages, Path(snakemake.output[0]), settings["padding"])
