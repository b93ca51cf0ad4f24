"""Training of the detector: mmengine's loop with snapshots, and with a state from which a killed training resumes."""

import errno
import logging
import math
import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from kuzushiji.common.compute import device
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.launch import launch, process_group
from kuzushiji.common.state import locked, state_folder
from kuzushiji.common.stop import Stop, stoppable
from kuzushiji.detector.config import optimizer_config, schedule_config
from kuzushiji.detector.model import build_model, load_detector, load_pretrained, plain
from kuzushiji.detector.pages import Page, TrainingPages, loader
from kuzushiji.detector.runner import (
    FiniteLossHook,
    ProgressHook,
    ResumableRunner,
    SeededLoop,
    SnapshotHook,
    StoppableCheckpointHook,
    boxes_in_float32,
    shared,
    unwritable,
)
from kuzushiji.detector.torch_pages import TorchPages

RECORD = "vis_data"  # mmengine's name for the folder of a run's records
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def train(
    pages: Sequence[Page],
    settings: dict,
    state: Path,
    outputs: Mapping[int, Path],
    processes: int = 1,
    workers: int = 0,
    pretrained: str | os.PathLike | None = None,
    start: str | os.PathLike | None = None,
) -> Path:
    """Train the detector on `pages` and write its weights after each iteration that `outputs` names.

    pages: (denoised image, boxes (n, 4) in its pixels, width, height); pages without boxes are trained on too.
    settings: a training's `model` and `training`. state: a folder for the state of the present code; its subfolders are
    named by everything else that the weights depend on, so that trainings with other settings or pages never resume
    from it. A finished training leaves its snapshots there, which a repetition copies, and its last state, from which
    one with later snapshots goes on. outputs: checkpoints for `load_detector`. processes: each has a GPU, and they
    share the images of a step. workers: further processes of each that load pages. pretrained: the file of ImageNet
    weights for the backbone, if the settings ask for them. start: a checkpoint of this network, whose weights the
    training begins with. Returns the folder in which mmengine recorded the losses of the first process, one subfolder
    per start.

    The optimization is the published solution's: SGD, linear warm-up, the learning rate divided by ten at the
    milestones. The pages and random numbers of a step depend on the seed and the step's number alone, so that a resumed
    training gives the same result as an uninterrupted one. Asked by a signal of `common.stop` it saves its state after
    the present iteration and raises `Stopped`.
    Raises `InputError` if another process trains with the same state, for wrong pages or settings, for a loss that is
    not finite, or for a file that cannot be written.
    """
    _check(settings, outputs, processes, pretrained)
    TrainingPages(pages, settings["training"])  # raises for problems of the pages
    folder = state_folder(state, _inputs(pages, settings), [file for file in (pretrained, start) if file])
    snapshots = {iteration: folder / f"snapshot_{iteration:06d}.pth" for iteration in outputs}
    with locked(folder):
        finished = _finished(folder) >= max(snapshots) and all(path.exists() for path in snapshots.values())
    if finished:
        logging.info("trained already: the snapshots are in %s", folder)
    else:
        launch(_train, processes, pages, settings, folder, snapshots, workers, pretrained, start)
    for iteration, output in outputs.items():
        try:
            with replacing(Path(output)) as partial:
                shutil.copyfile(snapshots[iteration], partial)
        except OSError as error:
            raise unwritable(output, error) from error
    return folder


def _check(settings: dict, outputs: Mapping[int, Path], processes: int, pretrained) -> None:
    model, training = settings["model"], settings["training"]
    if not outputs:
        raise InputError("detectors: none is of this training; name at least one iteration")
    if bool(model.get("pretrained")) != bool(pretrained):
        raise InputError("model.pretrained: true needs a file of weights, and false takes none")
    if "network" not in model:
        if not (model["pretrained"] or model["norm_trained"]):
            raise InputError("model: random weights (pretrained: false) need norm_trained: true to learn")
        if model["frozen_stages"] > 3 and not model["neck_channels"]:
            raise InputError("model.frozen_stages: without a pyramid the backbone has three stages; freeze fewer")
    if training["images_per_step"] % processes:
        raise InputError(
            f"detection.images_per_step: {training['images_per_step']} images do not divide among {processes} processes"
        )
    if training["precision"] == "float16" and not torch.cuda.is_available():
        raise InputError("detection.precision: float16 needs a GPU; choose bfloat16 or float32")


def _train(pages, settings: dict, folder: Path, snapshots: dict[int, Path], workers: int, pretrained, start) -> None:
    """The part of one process in the training."""
    with process_group() as (rank, ranks), locked(folder) if rank == 0 else nullcontext(), stoppable(ranks) as stop:
        # The first process holds the lock for all of them.
        try:
            _run(pages, settings, folder, snapshots, rank, stop, workers, pretrained, start)
        except OSError as error:  # from writes of mmengine and TensorBoard
            raise unwritable(folder, error) if error.errno in _FULL else error from error
        if ranks > 1:
            distributed.barrier()  # the training is finished only if no process failed
        if rank == 0:
            with replacing(folder / "finished") as partial:
                partial.write_text(str(max(_finished(folder), *snapshots)))
            _clear(folder)


def _run(
    pages,
    settings: dict,
    folder: Path,
    snapshots: dict[int, Path],
    rank: int,
    stop: Stop,
    workers: int,
    pretrained,
    begin,
) -> None:
    training, iterations, ranks = settings["training"], max(snapshots), stop.ranks
    device()
    torch.manual_seed(training["seed"])
    model = build_model(settings["model"])
    model.init_weights()
    boxes_in_float32(model)
    # From before the first snapshot that is missing: an earlier training may have gone on without it.
    missing = [iteration for iteration, path in snapshots.items() if not path.exists()]
    resumed = _latest(folder, min(missing) - 1 if missing else iterations)
    if pretrained and resumed is None:
        load_pretrained(model, pretrained)
    if begin and resumed is None:
        model.load_state_dict(load_detector(begin, settings["model"])[0].state_dict())

    start = 0 if resumed is None else _iteration(resumed)
    interval = min(50, max(1, iterations // 50))
    on_device = training["transforms"] == "torch"
    dataset = (TorchPages if on_device else TrainingPages)(pages, training)
    workers = 0 if on_device else workers
    runner = ResumableRunner(
        model=shared(model) if ranks > 1 else model,
        work_dir=str(folder),
        train_dataloader=loader(dataset, training, start, rank, ranks, workers),
        train_cfg={"type": SeededLoop, "max_iters": iterations, "seed": training["seed"]},
        optim_wrapper=optimizer_config(training),
        param_scheduler=schedule_config(training),
        default_hooks={
            "logger": {"type": "LoggerHook", "interval": interval},
            "checkpoint": {
                "type": StoppableCheckpointHook,
                "stop": stop,
                "by_epoch": False,
                "interval": training["checkpoint_interval"],
                "max_keep_ckpts": 2,
                "save_last": False,
            },
        },
        custom_hooks=[FiniteLossHook(), ProgressHook(), SnapshotHook(snapshots, plain(settings["model"]))],
        log_processor={"by_epoch": False, "window_size": interval},
        visualizer={
            "type": "Visualizer",
            "vis_backends": [{"type": "LocalVisBackend"}, {"type": "TensorboardVisBackend"}],
        },
        launcher="pytorch" if ranks > 1 else "none",
        load_from=None if resumed is None else str(resumed),
        resume=resumed is not None,
        randomness={"seed": training["seed"]},
        default_scope="mmdet",
        experiment_name=folder.name,  # by default two trainings started in one second would share a record
        log_level=logging.WARNING,  # else it lists the machine and all hooks
    )
    if rank == 0:
        for logger in (runner.logger, *runner.logger.handlers):
            logger.setLevel(logging.INFO)
    logging.info("training on %d pages from iteration %d to %d, state in %s", len(pages), start, iterations, folder)
    try:
        runner.train()
    finally:
        runner.visualizer.close()


def _inputs(pages: Sequence[Page], settings: dict) -> dict:
    """Everything the weights after an iteration depend on: settings and the content of the pages."""
    # Not on when the state is written, nor on which iterations are wanted.
    indifferent = ("checkpoint_interval", "snapshots")
    training = {name: value for name, value in settings["training"].items() if name not in indifferent}
    content = [
        [Path(path).name, *_end_of(path), np.asarray(boxes, np.float64).tolist(), int(width), int(height)]
        for path, boxes, width, height in pages
    ]
    return {"model": settings["model"], "training": training, "pages": content}


def _end_of(path: str | Path) -> tuple[int, str]:
    """A PNG's size and last bytes, which include a checksum of its pixels: a quick digest of its content."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 64))
            return size, file.read().hex()
    except OSError as error:
        raise InputError(f"{path}: a page to train on cannot be read ({error}); denoise it again") from error


def _clear(folder: Path) -> None:
    """Remove what a finished training no longer needs; snapshots, its last state and the records of its losses stay."""
    last = _latest(folder)
    for path in folder.iterdir():
        if (
            path.name.startswith("snapshot_")
            or path.name in ("finished", "lock")
            or path == last
            or (path / RECORD).is_dir()
        ):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _finished(folder: Path) -> int:
    """The last iteration of a finished training with this state; 0 without one."""
    return int((folder / "finished").read_text()) if (folder / "finished").exists() else 0


def _latest(folder: Path, most: float = math.inf) -> Path | None:
    """The newest complete checkpoint of the state after `most` iterations at most, if there is one."""
    whole = [path for path in folder.glob("iter_*.pth") if zipfile.is_zipfile(path) and _iteration(path) <= most]
    return max(whole, key=_iteration, default=None)


def _iteration(path: Path) -> int:
    return int(path.stem.removeprefix("iter_"))
