"""mmengine's runner and loop, changed so that a killed and resumed training gives the same result."""

import logging
import os
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.device import get_device
from mmengine.hooks import CheckpointHook, Hook
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS
from mmengine.runner import IterBasedTrainLoop, Runner
from torch import distributed, nn

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.progress import Progress
from kuzushiji.common.seeds import seed_of
from kuzushiji.common.stop import Stop, Stopped
from kuzushiji.detector.model import KIND


class ResumableRunner(Runner):
    """mmengine's runner, with checkpoints that are complete even after a kill, and trusted on resuming."""

    def save_checkpoint(self, out_dir: str, filename: str, *args, **kwargs) -> None:
        check_finite(self.model, self.iter)
        # mmengine writes in place, hence another name, from which nothing resumes, until the file is complete.
        partial = Path(out_dir) / (filename + ".partial")
        try:
            super().save_checkpoint(out_dir, partial.name, *args, **kwargs)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise unwritable(partial, error) from error
        if self.rank == 0:
            os.replace(partial, Path(out_dir) / filename)

    def resume(self, *args, **kwargs) -> None:
        # mmengine's checkpoints contain pickled objects; these are trusted, since this class wrote them into our state.
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


class SeededLoop(IterBasedTrainLoop):
    """mmengine's loop with a seed per step, which resumes without reading the steps before."""

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


class SnapshotHook(Hook):
    """A hook that saves the weights after given iterations, before the checkpoints, whose priority is low."""

    def __init__(self, snapshots: dict[int, Path], settings: dict):
        self.snapshots, self.settings = snapshots, settings

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        iteration = runner.iter + 1
        if iteration not in self.snapshots or runner.rank != 0:
            return
        check_finite(runner.model, iteration)
        model = runner.model.module if hasattr(runner.model, "module") else runner.model
        weights = {name: value.cpu() for name, value in model.state_dict().items()}
        checkpoint = {"kind": KIND, "settings": self.settings, "iteration": iteration, "state_dict": weights}
        try:
            # Into an open file: PyTorch writes a path's name into it, and equal weights would differ in bytes.
            with replacing(self.snapshots[iteration]) as partial, open(partial, "wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:  # PyTorch's writer raises either for a full disk
            raise unwritable(self.snapshots[iteration], error) from error


class StoppableCheckpointHook(CheckpointHook):
    """mmengine's checkpoints, and one when the job is asked to stop, after which it ends."""

    def __init__(self, stop: Stop, **settings):
        super().__init__(**settings)
        self.stop = stop

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        if self.is_last_train_iter(runner) or not self.stop.after(runner.iter):
            return
        if not self.every_n_train_iters(runner, self.interval):
            self._save_checkpoint(runner)
        if self.stop.ranks > 1:
            distributed.barrier()  # none ends before the state is written
        logging.info("stopped by a signal after iteration %d; started again, it goes on", runner.iter + 1)
        raise Stopped


class ProgressHook(Hook):
    """A hook that logs the training's progress."""

    def before_train(self, runner) -> None:
        self.progress = Progress(runner.max_iters, "iterations", runner.iter, first=runner.rank == 0)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self.progress.update()

    def after_train(self, runner) -> None:
        self.progress.close()


class FiniteLossHook(Hook):
    """A hook that ends a training that has diverged."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if not torch.isfinite(outputs["loss"]):
            raise InputError(
                f"detection: the loss of iteration {runner.iter + 1} is {outputs['loss'].item()}; "
                "lower learning_rate or set clip_gradients"
            )


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """mmengine's optimizer with autocast on any device, without loss scaling: for bfloat16."""

    def __init__(self, dtype: str, **kwargs):
        super().__init__(**kwargs)
        self.dtype = getattr(torch, dtype)

    @contextmanager
    def optim_context(self, model: nn.Module):
        with super().optim_context(model), torch.autocast(get_device(), self.dtype):
            yield


def shared(model: nn.Module) -> nn.Module:
    """`model` with gradients averaged over the processes; mmengine's own wrapper fails without CUDA."""
    device_ids = [int(os.environ["LOCAL_RANK"])] if torch.cuda.is_available() else None
    return MMDistributedDataParallel(model.to(get_device()), device_ids=device_ids, broadcast_buffers=False)


def check_finite(model: nn.Module, iteration: int) -> None:
    """Raise `InputError` if a weight of `model` is not finite, as after a step with a bad loss in any process."""
    for name, weight in model.state_dict().items():
        if not torch.isfinite(weight).all():
            raise InputError(
                f"detection: after iteration {iteration} {name} is not finite; lower learning_rate or set "
                "clip_gradients"
            )


def boxes_in_float32(model: nn.Module) -> None:
    """Let `model` decode, suppress and pool its boxes in float32, whatever the precision of the network.

    bfloat16 rounds a corner at 1000 to a multiple of 4. mmdet gives corners the type of the features that are pooled,
    and boxes the type of the heads' output; mmcv's suppression of more than 10,000 boxes fails if boxes and scores
    differ in type.
    """
    from mmdet.models.dense_heads.base_dense_head import BaseDenseHead  # here, since they need mmcv's operators
    from mmdet.models.roi_heads.bbox_heads import BBoxHead
    from mmdet.models.roi_heads.roi_extractors import BaseRoIExtractor

    for part in model.modules():
        if isinstance(part, BaseRoIExtractor):
            part.register_forward_pre_hook(lambda _, given: (_in_float32(given[0]), *given[1:]))
        elif isinstance(part, BaseDenseHead | BBoxHead):
            part.register_forward_hook(lambda _, given, found: _in_float32(found))


def _in_float32(value):
    """The tensor, or every tensor in these tuples and lists, as float32."""
    if isinstance(value, torch.Tensor):
        return value.float()
    return type(value)(map(_in_float32, value))


def unwritable(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: cannot be written ({error}); make room and run again: it goes on from its last state")
