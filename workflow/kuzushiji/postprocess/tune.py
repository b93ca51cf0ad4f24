"""Tuning of the false-positive predictor."""

import hashlib
import json
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lightgbm as lgb
import numpy as np
import optuna
import pandas as pd
import yaml
from optuna.exceptions import OptunaError
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sklearn.model_selection import train_test_split
from sqlalchemy.exc import SQLAlchemyError

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.progress import Progress
from kuzushiji.common.state import locked, set_aside
from kuzushiji.postprocess.booster import parameters

# What Optuna and SQLAlchemy raise at damaged files.
_UNREADABLE = (OptunaError, SQLAlchemyError, AssertionError, LookupError, RuntimeError, TypeError, ValueError)
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_LOGARITHMIC = ("lambda_l1", "lambda_l2")
_LINEAR = ("feature_fraction", "bagging_fraction")
_WHOLE = ("num_leaves", "bagging_freq", "min_child_samples")


def tune(
    features: pd.DataFrame,
    target: np.ndarray,
    settings: dict,
    storage: Path,
    out: Path,
    threads: int = 1,
    former: Path | None = None,
) -> dict:
    """LightGBM settings with the least error on a hold-out (the published search), written to `out` as YAML.

    Trials follow the tree-structured Parzen estimator (Bergstra et al. 2011) and are pruned when worse than the median
    of earlier ones. They are kept in `storage`, a journal that network file systems do not break as they do SQLite: a
    killed search resumes, with the same result as an uninterrupted one; a trial that was running is discarded and run
    again. Other rows, features or settings start a search of their own there; a search continues with more `trials` or
    another `parallel`. The trials of this search in `former`, the SQLite file of earlier versions, move to the journal.

    `parallel` trials run at a time, in threads that share `threads` (LightGBM releases the interpreter). Each such
    round is drawn and pruned by the trials of earlier rounds alone, so that the result does not depend on which trial
    ends first.

    features: (N, F). target: (N,) 1 where a box is a character. settings: the configuration's `booster.tune`, and
    `max_depth` and `max_bin` of `booster.training`.
    A journal that cannot be read is set aside.

    Returns the best settings. Raises `InputError` if the rows cannot be split, a range falls, or another process
    holds the folder of `storage`.
    """
    for name in (*_LOGARITHMIC, *_LINEAR, *_WHOLE):
        if settings[name][0] > settings[name][1]:
            raise InputError(f"booster.tune.{name}: {settings[name]} falls; give the smaller bound first")
    storage = Path(storage)
    x, target = features.to_numpy(np.float64), np.asarray(target, dtype=np.int32)
    rows = _split(target, settings)
    with locked(storage.parent):
        study = _study(_fingerprint(x, target, settings), settings, storage, former)
        best = _run(study, x, target, rows, settings, threads)
    with replacing(out) as partial:
        partial.write_text(yaml.safe_dump(best))
    return best


def _study(name: str, settings: dict, storage: Path, former: Path | None) -> optuna.Study:
    """The study `name` in the journal `storage`, whose folder is locked, without running trials."""
    _mend(storage)
    try:
        study = _open(name, settings, storage)
    except _UNREADABLE as error:
        set_aside(storage, error)
        study = _open(name, settings, storage)
    if former is not None and former.exists():
        with locked(former.parent):
            try:
                _move(f"sqlite:///{former.resolve()}", study)
            except _UNREADABLE as error:
                set_aside(former, error)
    _discard_running(study)
    return study


def _open(name: str, settings: dict, storage: Path) -> optuna.Study:
    return optuna.create_study(
        study_name=name,
        storage=JournalStorage(JournalFileBackend(str(storage))),
        direction="minimize",
        pruner=optuna.pruners.MedianPruner(n_warmup_steps=settings["pruner_warmup"]),
        load_if_exists=True,
    )


def _mend(storage: Path) -> None:
    """Remove what a killed process leaves: Optuna's lock, and a part of a line, at which Optuna would stop reading."""
    storage.with_name(f"{storage.name}.lock").unlink(missing_ok=True)
    if storage.exists():
        os.truncate(storage, storage.read_bytes().rfind(b"\n") + 1)


def _move(address: str, study: optuna.Study) -> None:
    """Move the trials of the study of the same name at `address` to `study`, or those that a killed move has left."""
    if study.study_name not in optuna.get_all_study_names(address):
        return
    former = optuna.load_study(study_name=study.study_name, storage=address)
    _discard_running(former)
    for trial in former.trials[len(study.trials) :]:
        study.add_trial(trial)
    logging.info("%d trials moved here from %s", len(former.trials), address)
    optuna.delete_study(study_name=study.study_name, storage=address)


def _discard_running(study: optuna.Study) -> None:
    # The lock guarantees that no other process runs these.
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _run(study: optuna.Study, x: np.ndarray, target: np.ndarray, rows: list, settings: dict, threads: int) -> dict:
    done = len(study.get_trials(deepcopy=False, states=_FINISHED))
    parallel = settings["parallel"]

    def judge(trial: optuna.Trial, params: dict) -> tuple[TrialState, float | None]:
        try:
            return TrialState.COMPLETE, _error(trial, params, x, target, rows, settings, max(1, threads // parallel))
        except optuna.TrialPruned:
            return TrialState.PRUNED, None

    with ThreadPoolExecutor(parallel) as pool, Progress(settings["trials"], "trials", done) as progress:
        while done < settings["trials"]:
            asked = []
            for number in range(done, min(done - done % parallel + parallel, settings["trials"])):
                # A new seed for each trial, so that a resumed search draws the same as an uninterrupted one.
                study.sampler = optuna.samplers.TPESampler(seed=settings["seed"] + number)
                trial = study.ask()
                asked.append((trial, _suggest(trial, settings)))
            # Reported only after the last trial, so that no trial sees another of its round.
            for (trial, _), (state, error) in zip(asked, list(pool.map(judge, *zip(*asked, strict=True))), strict=True):
                study.tell(trial, error, state)
            done += len(asked)
            progress.update(len(asked))
    return study.best_params


def _suggest(trial: optuna.Trial, settings: dict) -> dict:
    return {
        **{name: trial.suggest_float(name, *settings[name], log=True) for name in _LOGARITHMIC},
        **{name: trial.suggest_float(name, *settings[name]) for name in _LINEAR},
        **{name: trial.suggest_int(name, *settings[name]) for name in _WHOLE},
    }


def _error(
    trial: optuna.Trial,
    suggested: dict,
    x: np.ndarray,
    target: np.ndarray,
    rows: list,
    settings: dict,
    threads: int,
) -> float:
    """The error (1 - accuracy) on the hold-out after all rounds."""
    params = {**parameters(settings, threads), "metric": "binary_error", **suggested}
    training = lgb.Dataset(x[rows[0]], target[rows[0]])
    holdout = lgb.Dataset(x[rows[1]], target[rows[1]], reference=training)
    record: dict = {}

    def prune(env) -> None:
        # The storage commits every report; one per round would cost more than the training.
        if (env.iteration + 1) % settings["report_every"]:
            return
        trial.report(env.evaluation_result_list[0][2], env.iteration)
        if trial.should_prune():
            raise optuna.TrialPruned

    callbacks = [prune, lgb.record_evaluation(record)]
    lgb.train(params, training, settings["rounds"], valid_sets=[holdout], callbacks=callbacks)
    return record["valid_0"]["binary_error"][-1]


def _split(target: np.ndarray, settings: dict) -> list:
    """The rows to train on and those held out, with equal shares of characters."""
    try:
        return train_test_split(
            np.arange(len(target)), test_size=settings["holdout"], random_state=settings["seed"], stratify=target
        )
    except ValueError as error:
        raise InputError(
            f"booster.tune: {len(target)} boxes, {int(target.sum())} of them characters, cannot be split into "
            f"training and hold-out rows ({error}); give the validation page set more labelled pages"
        ) from error


def _fingerprint(x: np.ndarray, target: np.ndarray, settings: dict) -> str:
    """A name for the search over these rows with these settings, whatever `trials` and `parallel` are."""
    asked = {name: value for name, value in settings.items() if name not in ("trials", "parallel")}
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(x).tobytes() + target.tobytes())
    return digest.hexdigest()
