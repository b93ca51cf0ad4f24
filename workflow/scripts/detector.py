"""Trains the detector.

In: pages, true boxes, denoised pages, ImageNet weights.
Out: one checkpoint a snapshot; losses as a table and for TensorBoard; the configuration in mmdet's terms.
"""

from pathlib import Path

from mmengine.config import Config

from kuzushiji.boxes import CORNERS
from kuzushiji.compute import loaders
from kuzushiji.detection_config import mmdet_config
from kuzushiji.detector import train
from kuzushiji.detector_record import copy_tensorboard, losses
from kuzushiji.logs import log_to
from kuzushiji.tables import read_table

if __name__ == "__main__":  # further processes import this file
    log_to(snakemake.log[0])
    settings = dict(snakemake.params.settings)
    state, files = Path(settings.pop("state")), dict(settings.pop("pages"))
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
    outputs = dict(zip(snapshots, map(Path, snakemake.output.checkpoints), strict=True))
    processes = max(1, int(snakemake.resources.gpu))
    record = train(
        pages,
        settings,
        state,
        outputs,
        processes,
        loaders(snakemake.threads, processes),
        snakemake.input.pretrained or None,
    )

    losses(record).to_csv(snakemake.output.losses, index=False)
    copy_tensorboard(record, Path(snakemake.output.tensorboard))
    Config(mmdet_config(settings)).dump(snakemake.output.config)
