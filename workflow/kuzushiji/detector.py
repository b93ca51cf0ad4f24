"""Training the detector: mmengine's loop, with snapshots, and with a state from which a killed training goes on."""

import hashlib
import logging
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import torch
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import MMDistributedDataParallel
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import distributed, nn

from kuzushiji import detection_config, detection_model, detector_pages, mmcv_ops
from kuzushiji.detection_model import KIND, build_model, load_pretrained, plain
from kuzushiji.detector_pages import Page, loader, seed_of
from kuzushiji.errors import InputError
from kuzushiji.files import replacing
from kuzushiji.state import locked, state_folder


def train(pages: Sequence[Page], settings: dict, state: Path, outputs: Mapping[int, Path]) -> None:
    """Train the detector on `pages` and write its weights after each iteration that `outputs` names.

    pages: (denoised image, boxes (n, 4) in its pixels, width, height); pages without boxes are trained on too.
    settings: the section `detector`. state: a folder for what resuming needs; its subfolders are named by what the
    weights depend on, so that other settings, pages or snapshots never resume from it. A finished training leaves its
    snapshots there, which a repetition with the same code copies. outputs: checkpoints for `load_detector`.

    Steps are the published solution's: SGD, linear warm-up, the learning rate divided by ten at the milestones. Every
    step draws its pages and its randomness from the seed and its number alone, so that a resumed training goes on as
    if it had never stopped. Under torchrun all processes share the images of a step.
    Raises `InputError` if another process trains with the same state, or if pages or settings are at fault.
    """
    if not (settings["model"]["pretrained"] or settings["model"]["norm_trained"]):
        raise InputError("detector.model: random weights (pretrained: false) need norm_trained: true to learn")
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    folder = state_folder(state, _inputs(pages, settings, sorted(outputs)), [])
    # The first process of a distributed job holds the lock for all of them.
    with locked(folder) if rank == 0 else nullcontext(), _process_group(ranks):
        snapshots = {iteration: folder / f"snapshot_{iteration:06d}.pth" for iteration in outputs}
        if not _finished(folder, snapshots):
            _run(pages, settings, folder, snapshots, rank, ranks)
        if rank == 0:
            _finish(folder, snapshots, outputs)


def _run(pages, settings: dict, folder: Path, snapshots: dict[int, Path], rank: int, ranks: int) -> None:
    training, iterations = settings["training"], max(snapshots)
    # mmengine would tell how it initialized every weight, and of the machine and the hooks before the first loss.
    quiet = logging.WARNING
    MMLogger.get_current_instance().setLevel(quiet)
    torch.manual_seed(training["seed"])
    model = build_model(settings["model"])
    model.init_weights()
    resumed = _latest(folder)
    if settings["model"]["pretrained"] and resumed is None:
        load_pretrained(model, settings["model"]["depth"])

    start = 0 if resumed is None else _iteration(resumed)
    interval = max(1, iterations // 50)
    runner = _Runner(
        model=_shared(model) if ranks > 1 else model,
        work_dir=str(folder),
        train_dataloader=loader(pages, training, start, rank, ranks),
        train_cfg={"type": _Loop, "max_iters": iterations, "seed": training["seed"]},
        optim_wrapper=_optimizer(training),
        param_scheduler=_schedule(training),
        default_hooks={
            "logger": {"type": "LoggerHook", "interval": interval},
            "checkpoint": {
                "type": "CheckpointHook",
                "by_epoch": False,
                "interval": training["checkpoint_interval"],
                "max_keep_ckpts": 2,
                "save_last": False,
            },
        },
        custom_hooks=[_SnapshotHook(snapshots, plain(settings["model"]))],
        log_processor={"by_epoch": False, "window_size": interval},
        visualizer={"type": "Visualizer", "vis_backends": None},
        launcher="pytorch" if ranks > 1 else "none",
        load_from=None if resumed is None else str(resumed),
        resume=resumed is not None,
        randomness={"seed": training["seed"]},
        default_scope="mmdet",
        log_level=quiet,
    )
    for logger in (runner.logger, *runner.logger.handlers):
        logger.setLevel(logging.INFO)
    logging.info("training on %d pages from iteration %d to %d, state in %s", len(pages), start, iterations, folder)
    runner.train()


def _shared(model: nn.Module) -> nn.Module:
    """`model` with gradients averaged over the processes. mmengine's own wrapping fails without CUDA."""
    device_ids = [int(os.environ["LOCAL_RANK"])] if torch.cuda.is_available() else None
    return MMDistributedDataParallel(model.to(get_device()), device_ids=device_ids, broadcast_buffers=False)


class _Runner(Runner):
    """mmengine's runner, whose checkpoints are whole even if it is killed, and are trusted when it resumes."""

    def save_checkpoint(self, out_dir: str, filename: str, *args, **kwargs) -> None:
        # mmengine writes in place; a name that `_latest` does not know, until the file is whole.
        super().save_checkpoint(out_dir, filename + ".partial", *args, **kwargs)
        if self.rank == 0:
            os.replace(Path(out_dir) / (filename + ".partial"), Path(out_dir) / filename)

    def resume(self, *args, **kwargs) -> None:
        # mmengine's checkpoints hold pickled objects. These were written into our state folder by this class.
        name = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
        before = os.environ.get(name)
        os.environ[name] = "1"
        try:
            super().resume(*args, **kwargs)
        finally:
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before


class _Loop(IterBasedTrainLoop):
    """mmengine's loop, with a seed for every step, and without rereading the steps before a resumed one."""

    def __init__(self, *args, seed: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed = seed

    def run(self) -> nn.Module:
        runner = self.runner
        runner.call_hook("before_train")
        runner.call_hook("before_train_epoch")
        while self._iter < self._max_iters:
            runner.model.train()
            batch = next(self.dataloader_iterator)
            # Anchors and proposals are sampled with PyTorch's generator.
            torch.manual_seed(seed_of(self.seed, self._iter, runner.rank))
            self.run_iter(batch)
        runner.call_hook("after_train_epoch")
        runner.call_hook("after_train")
        return runner.model


class _SnapshotHook(Hook):
    """Keeps the weights after the iterations asked for. It comes before the checkpoints, which are of low priority."""

    def __init__(self, snapshots: dict[int, Path], settings: dict):
        self.snapshots, self.settings = snapshots, settings

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        iteration = runner.iter + 1
        if iteration not in self.snapshots or runner.rank != 0:
            return
        model = runner.model.module if hasattr(runner.model, "module") else runner.model
        weights = {name: value.cpu() for name, value in model.state_dict().items()}
        checkpoint = {"kind": KIND, "settings": self.settings, "iteration": iteration, "state_dict": weights}
        with replacing(self.snapshots[iteration]) as partial:
            torch.save(checkpoint, partial)


def _optimizer(training: dict) -> dict:
    limit = training["clip_gradients"]
    return {
        "type": "OptimWrapper",
        "optimizer": {
            "type": "SGD",
            "lr": training["learning_rate"],
            "momentum": training["momentum"],
            "weight_decay": training["weight_decay"],
        },
        "clip_grad": None if limit is None else {"max_norm": limit},
    }


def _schedule(training: dict) -> list[dict]:
    steps = {"type": "MultiStepLR", "by_epoch": False, "milestones": training["milestones"], "gamma": 0.1}
    if not training["warmup_iterations"]:
        return [steps]
    warmup = {
        "type": "LinearLR",
        "by_epoch": False,
        "start_factor": training["warmup_start"],
        "end": training["warmup_iterations"],
    }
    return [warmup, steps]


def _inputs(pages: Sequence[Page], settings: dict, iterations: list[int]) -> dict:
    """What the weights depend on: settings, snapshots and the content of the pages."""
    # The weights depend neither on how pages are loaded nor on when the state is kept.
    indifferent = ("workers", "checkpoint_interval", "snapshots")
    training = {name: value for name, value in settings["training"].items() if name not in indifferent}
    content = [
        [Path(path).name, *_end_of(path), np.asarray(boxes, np.float64).tolist(), int(width), int(height)]
        for path, boxes, width, height in pages
    ]
    return {"model": settings["model"], "training": training, "iterations": iterations, "pages": content}


def _end_of(path: str | Path) -> tuple[int, str]:
    """A PNG's size and its last bytes, among them the checksum of all its pixels: its content at a glance."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 64))
            return size, file.read().hex()
    except OSError as error:
        raise InputError(f"{path}: a page to train on cannot be read ({error}); denoise it again") from error


def _code() -> str:
    """A digest of the code that the weights depend on."""
    modules = [detection_config, detection_model, detector_pages, mmcv_ops]
    files = [__file__, *(module.__file__ for module in modules)]
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()


def _finished(folder: Path, snapshots: dict[int, Path]) -> bool:
    """Whether this training is done already; what other code has finished is removed, to be trained anew."""
    marker = folder / "finished"
    if not marker.exists():
        return False
    if marker.read_text() == _code() and all(path.exists() for path in snapshots.values()):
        logging.info("trained already: the snapshots are in %s", folder)
        return True
    _clear(folder, keep=set())
    return False


def _finish(folder: Path, snapshots: dict[int, Path], outputs: Mapping[int, Path]) -> None:
    with replacing(folder / "finished") as partial:
        partial.write_text(_code())
    _clear(folder, keep={"finished", *(path.name for path in snapshots.values())})
    for iteration, output in outputs.items():
        with replacing(Path(output)) as partial:
            shutil.copyfile(snapshots[iteration], partial)


def _clear(folder: Path, keep: set[str]) -> None:
    for path in folder.iterdir():
        if path.name in keep or path.name == "lock":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _latest(folder: Path) -> Path | None:
    """The newest whole checkpoint of the state, if there is one."""
    whole = [path for path in folder.glob("iter_*.pth") if zipfile.is_zipfile(path)]
    return max(whole, key=_iteration, default=None)


def _iteration(path: Path) -> int:
    return int(path.stem.removeprefix("iter_"))


@contextmanager
def _process_group(ranks: int) -> Iterator[None]:
    """The processes that torchrun started, joined: on CUDA where it is there, else on the CPU."""
    if ranks == 1:
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()
