"""Training of one classifier on crops, in any number of processes, resumable every few epochs."""

import hashlib
import logging
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from torch import distributed
from torch.utils.tensorboard import SummaryWriter

from kuzushiji.classifier.loader import find_crops
from kuzushiji.classifier.model import KIND, load_classifier
from kuzushiji.classifier.run import Rows, Run, weights, written
from kuzushiji.classifier.training_batches import batch_size_of
from kuzushiji.classifier.validation import confusions
from kuzushiji.common.errors import InputError
from kuzushiji.common.launch import launch, process_group
from kuzushiji.common.state import locked, state_folder
from kuzushiji.common.stop import Stopped, stoppable
from kuzushiji.crops.crops import open_crops

PRECISIONS = ("bfloat16", "float32")


class Outputs(NamedTuple):
    """The output files of a training."""

    checkpoint: Path
    history: Path
    confusions: Path


def train(
    crops: list[str | os.PathLike],
    training: pd.DataFrame,
    validation: pd.DataFrame,
    charset: list[str],
    settings: dict,
    state: str | os.PathLike,
    outputs: Outputs,
    workers: int = 0,
    processes: int = 1,
    pseudo: pd.DataFrame | None = None,
    start: str | os.PathLike | None = None,
    pretrained: str | os.PathLike | None = None,
) -> None:
    """Train the classifier of `settings` on the crops named by `training` and write it to `outputs`.

    `crops` are files of `crops.crops.cut_crops`; the tables `training` and `validation` ("folds") choose from them;
    class i is `charset[i]`. `settings` is flat: the keys of config's `classification`, of one entry of `classifiers`,
    and `max_training` of `folds`. A batch has `batch_size` crops over all `processes`, each of which has a GPU and
    loads its part with `workers` processes. The last, incomplete batch is dropped; if there are fewer crops than
    `batch_size`, all are one batch (without the last if their number is odd, since mixup mixes pairs). Random numbers
    depend on the seed and the epoch alone.

    `pseudo` are rows whose labels an earlier round predicted: they train too, with the target
    `settings["pseudo_target"]` for their codepoint in place of 1. If crops are sampled, each of them is drawn as often
    as a crop of `training` on average. `start` is a checkpoint whose best weights the training starts from; without one
    it starts from the ImageNet weights in the file `pretrained`, or at random.

    The checkpoint holds `{"kind", "best", "last", "charset", "settings", "history"}`, with the weights of the epoch of
    best validation accuracy and of the last epoch. `history` is a CSV table with, for each epoch, the mean loss, the
    accuracy on the validation crops and its mean over their codepoints, the learning rate at the end, and the seconds.
    `confusions` is the table of `classifier.validation` at the best epoch. Every `checkpoint_interval` epochs the
    training is saved in a folder of `state` for exactly this input, together with event files for TensorBoard; a killed
    run resumes from it and gives the same result as an uninterrupted one. Asked by a signal of `common.stop`, it saves
    its state after the present step and raises `Stopped`. A finished training leaves its outputs there, which a
    repetition copies.

    Raises `InputError` if another process runs the same training, for missing crops or codepoints, too few crops for a
    batch in every process, no validation crops, a batch that cannot be mixed or shared, a loss that is not finite, or a
    file that cannot be written.
    """
    table = open_crops(crops)
    training, validation = _rows(table, training, charset), _rows(table, validation, charset)
    if pseudo is not None and len(pseudo):
        read = _rows(table, pseudo, charset, settings["pseudo_target"], each=training.weights.mean())
        training = Rows(*map(np.concatenate, zip(training, read, strict=True)))
    if settings["pretrained"] and not (start or pretrained):
        raise InputError("pretrained: true needs a file of weights")
    _check(training, validation, settings, processes)
    untrained = len(charset) - len(np.unique(training.labels))
    if untrained:
        fate = "are read as before" if start else "will not be read"
        logging.warning("%d of %d codepoints have no training crop and %s", untrained, len(charset), fate)
    identity = _identity(table, training, validation, charset, settings)
    folder = state_folder(state, identity, [file for file in (start, pretrained) if file])
    del table
    kept = Outputs(folder / "checkpoint.pth", folder / "history.csv", folder / "confusions.csv")
    with locked(folder):
        # The checkpoint is written last.
        if kept.checkpoint.exists():
            logging.info("trained already: the outputs are in %s", folder)
        else:
            launch(
                _train,
                processes,
                crops,
                training,
                validation,
                charset,
                settings,
                folder,
                kept,
                workers,
                start,
                pretrained,
            )
        (folder / "state.pt").unlink(missing_ok=True)
        shutil.rmtree(folder / "tensorboard", ignore_errors=True)
        for path, output in zip(kept, outputs, strict=True):
            with written(output) as partial:
                shutil.copyfile(path, partial)


def classes(truth: pd.DataFrame, start: str | os.PathLike | None = None) -> list[str]:
    """The codepoints of a table "truth" and of the checkpoint `start`, if there is one, sorted: class i is the i-th."""
    known = load_classifier(start)[1] if start else []
    return sorted(set(truth["codepoint"]).union(known))


def _rows(crops: pa.Table, rows: pd.DataFrame, charset: list[str], target: float = 1.0, each: float = 1.0) -> Rows:
    """The rows' crops, with the same `target` each, and the weight `each` if the rows have none."""
    weights = rows["weight"] if "weight" in rows else np.full(len(rows), each)
    return Rows(*find_crops(crops, rows, charset), np.full(len(rows), target, np.float32), np.asarray(weights))


def _check(training: Rows, validation: Rows, settings: dict, processes: int) -> None:
    batch_size_of(training.labels, settings, processes)
    if not len(validation.labels):
        raise InputError("no validation crops; choose a validation_book with labelled characters")
    if settings["precision"] not in PRECISIONS:
        raise InputError(f"precision: unknown {settings['precision']}; choose {' or '.join(PRECISIONS)}")


def _train(
    crops: list[str | os.PathLike],
    training: Rows,
    validation: Rows,
    charset: list[str],
    settings: dict,
    folder: Path,
    outputs: Outputs,
    workers: int,
    start: str | os.PathLike | None,
    pretrained: str | os.PathLike | None,
) -> None:
    """The part of one process in the training."""
    with process_group() as (rank, ranks), stoppable(ranks) as stop:
        run = Run(crops, training, validation, charset, settings, workers, rank, ranks, start, pretrained)
        run.resume(folder / "state.pt")
        run.stop = stop
        try:
            _train_epochs(run, folder)
        except Stopped:
            if rank == 0:
                run.save(folder / "state.pt")
                logging.info("stopped by a signal in epoch %d; started again, it goes on", len(run.history) + 1)
            if ranks > 1:
                distributed.barrier()  # none ends before the state is written
            raise
        if rank == 0:
            _write(run, charset, settings, outputs)


def _train_epochs(run: Run, folder: Path) -> None:
    """The epochs that are left; the first process records and saves them in `folder`."""
    epochs = range(len(run.history), run.settings["epochs"])
    if run.rank:
        for epoch in epochs:
            run.train_epoch(epoch, run.progress())
        return
    board = SummaryWriter(folder / "tensorboard", purge_step=len(run.history) + 1)
    with board, run.progress() as progress:
        for epoch in epochs:
            run.train_epoch(epoch, progress)
            latest = run.history[-1]
            for name in set(latest) - {"epoch"}:
                board.add_scalar(name, latest[name], epoch + 1)
            if (epoch + 1) % run.settings["checkpoint_interval"] == 0:
                run.save(folder / "state.pt")


def _write(run: Run, charset: list[str], settings: dict, outputs: Outputs) -> None:
    history = pd.DataFrame(run.history)
    pairs = confusions(run.best["predicted"].numpy(), run.validation.labels, charset)
    # Without the time taken, which would give equal trainings different files.
    content = {"kind": KIND, "charset": list(charset), "settings": settings}
    content |= {"history": history.drop(columns="seconds").to_dict("records")}
    content |= {"best": run.best["weights"], "last": weights(run.model)}
    for table, path in ((history, outputs.history), (pairs, outputs.confusions)):
        with written(path) as partial:
            table.to_csv(partial, index=False)
    # Into an open file: given a path, PyTorch writes the file's name into it, and equal weights would differ in bytes.
    with written(outputs.checkpoint) as partial, open(partial, "wb") as file:
        torch.save(content, file)


def _identity(table: pa.Table, training: Rows, validation: Rows, charset: list[str], settings: dict) -> dict:
    """Everything that a training depends on; crops count by their checksums, without being read, in whatever files."""
    digest, checksums = hashlib.sha256(), table["checksum"].to_numpy()
    for places, *numbers in (training, validation):
        for part in (checksums[places], *numbers):
            digest.update(f"{len(part)} ".encode() + part.tobytes())
    return {"settings": settings, "charset": charset, "crops": digest.hexdigest()}
