"""Trains the detector.

In: pages, true boxes, denoised pages. Out: one checkpoint a snapshot.
"""

from pathlib import Path

from kuzushiji.boxes import CORNERS
from kuzushiji.detector import train
from kuzushiji.logs import log_to
from kuzushiji.tables import read_table

log_to(snakemake.log[0])
settings = dict(snakemake.params.settings)
state, files = Path(settings.pop("state")), dict(settings.pop("pages"))
truth = dict(list(read_table(snakemake.input.truth, "truth").groupby("image_id")[CORNERS]))
pages = [
    (files[page.image_id], truth[page.image_id].to_numpy() if page.image_id in truth else [], page.width, page.height)
    for page in read_table(snakemake.input.pages, "pages").itertuples()
]
outputs = dict(zip(settings["training"]["snapshots"], map(Path, snakemake.output), strict=True))
train(pages, settings, state, outputs)
