"""Trains the detector.

In: pages, true boxes, denoised pages, ImageNet weights.
Out: a folder of one checkpoint per snapshot, and their checksums; losses as a table and for TensorBoard; the
configuration as mmdet's.
"""

from pathlib import Path

from mmengine.config import Config

from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.compute import loaders
from kuzushiji.common.files import write_checksums
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.detector.config import mmdet_config
from kuzushiji.detector.detector import train
from kuzushiji.detector.record import copy_tensorboard, losses

if __name__ == "__main__":  # further processes import this file
    log_to(snakemake.log[0])
    claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
    settings = dict(snakemake.params.settings)
    state, files = Path(settings.pop("state"), snakemake.params.code), dict(settings.pop("pages"))
    truth = dict(list(read_table(snakemake.input.truth, "truth").groupby("image_id")[CORNERS]))
    pages = [
        (
            files[page.image_id],
            truth[page.image_id].to_numpy() if page.image_id in truth else [],
            page.width,
            page.height,
        )
        for page in read_table(snakemake.input.pages, "pages").itertuples()
    ]
    snapshots = settings["training"]["snapshots"]
    outputs = {iteration: Path(snakemake.output.snapshots, f"{iteration:06d}.pth") for iteration in snapshots}
    processes = max(1, int(snakemake.resources.gpu))
    record = train(
        pages,
        settings,
        state,
        outputs,
        processes,
        loaders(snakemake.threads, processes),
        snakemake.input.pretrained or None,
        snakemake.input.start or None,
    )

    write_checksums(snakemake.output.snapshots, snakemake.output.checksums)
    losses(record, max(snapshots)).to_csv(snakemake.output.losses, index=False)
    copy_tensorboard(record, Path(snakemake.output.tensorboard))
    Config(mmdet_config(settings)).dump(snakemake.output.config)
