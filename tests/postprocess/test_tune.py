import os
import signal
import subprocess
import sys
import time

import numpy as np
import optuna
import pandas as pd
import pytest
import yaml
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from kuzushiji.common.errors import InputError
from kuzushiji.postprocess.tune import tune

optuna.logging.set_verbosity(optuna.logging.WARNING)
SETTINGS = {
    "trials": 3,
    "seed": 7,
    "holdout": 0.2,
    "rounds": 12,
    "pruner_warmup": 2,
    "report_every": 2,
    "parallel": 1,
    "lambda_l1": [1e-8, 10.0],
    "lambda_l2": [1e-8, 10.0],
    "num_leaves": [2, 256],
    "feature_fraction": [0.4, 1.0],
    "bagging_fraction": [0.4, 1.0],
    "bagging_freq": [1, 7],
    "min_child_samples": [5, 100],
    "max_depth": 7,
    "max_bin": 255,
}


def rows(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(rng.standard_normal((400, 6)), columns=list("abcdef"))
    target = (features["a"] + features["b"] ** 2 + 0.3 * rng.standard_normal(400) > 1).to_numpy().astype(int)
    return features, target


def trials(storage) -> list[list]:
    names = optuna.get_all_study_names(journal(storage))
    studies = [optuna.load_study(study_name=name, storage=journal(storage)) for name in names]
    return [study.trials for study in studies]


def journal(path):
    return JournalStorage(JournalFileBackend(str(path)))


def test_continues_and_never_starts_over(tmp_path):
    features, target = rows()
    first = tune(features, target, SETTINGS, tmp_path / "study.journal", tmp_path / "best.yaml")
    assert set(first) == {name for name, value in SETTINGS.items() if isinstance(value, list)}
    assert yaml.safe_load((tmp_path / "best.yaml").read_text()) == first
    before = [trial.datetime_start for trial in trials(tmp_path / "study.journal")[0]]
    assert len(before) == 3

    tune(features, target, {**SETTINGS, "trials": 5}, tmp_path / "study.journal", tmp_path / "best.yaml")
    ((*continued,),) = trials(tmp_path / "study.journal")
    assert [trial.datetime_start for trial in continued][:3] == before
    assert len(continued) == 5
    # What an unbroken search draws.
    tune(features, target, {**SETTINGS, "trials": 5}, tmp_path / "whole.journal", tmp_path / "whole.yaml")
    ((*whole,),) = trials(tmp_path / "whole.journal")
    assert [trial.params for trial in whole] == [trial.params for trial in continued]
    assert [trial.value for trial in whole] == [trial.value for trial in continued]
    assert len({str(trial.params) for trial in whole}) == 5

    again = tune(features, target, {**SETTINGS, "trials": 5}, tmp_path / "study.journal", tmp_path / "best.yaml")
    assert len(trials(tmp_path / "study.journal")[0]) == 5
    assert again == yaml.safe_load((tmp_path / "whole.yaml").read_text())


@pytest.mark.parametrize("change", ["rows", "settings"])
def test_other_rows_or_settings_do_not_continue(tmp_path, change):
    features, target = rows()
    tune(features, target, SETTINGS, tmp_path / "study.journal", tmp_path / "best.yaml")
    if change == "rows":
        features, target = rows(seed=1)
    settings = {**SETTINGS, "max_depth": 3} if change == "settings" else SETTINGS
    tune(features, target, settings, tmp_path / "study.journal", tmp_path / "best.yaml")
    assert [len(found) for found in trials(tmp_path / "study.journal")] == [3, 3]


def test_bad_trials_are_given_up(tmp_path):
    features, target = rows()
    settings = {**SETTINGS, "trials": 14}
    tune(features, target, settings, tmp_path / "study.journal", tmp_path / "best.yaml")
    states = [trial.state for trial in trials(tmp_path / "study.journal")[0]]
    assert optuna.trial.TrialState.PRUNED in states
    assert states[:5] == [optuna.trial.TrialState.COMPLETE] * 5


def test_survives_a_kill_in_the_middle_of_a_trial(tmp_path):
    script = """
import sys
sys.path[:0] = sys.argv[2:]
from test_tune import SETTINGS, rows, tune
tune(*rows(), {**SETTINGS, "trials": 10**6}, sys.argv[1] + "/study.journal", sys.argv[1] + "/best.yaml")
"""
    child = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), *sys.path])
    storage = tmp_path / "study.journal"
    done = 0
    try:
        while done < 2:
            assert child.poll() is None
            time.sleep(0.1)
            if storage.exists():
                done = sum(trial.state.is_finished() for study in trials(storage) for trial in study)
        os.kill(child.pid, signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
    assert not (tmp_path / "best.yaml").exists()
    done = sum(trial.state.is_finished() for trial in trials(storage)[0])
    tune(*rows(), {**SETTINGS, "trials": done + 1}, storage, tmp_path / "best.yaml")
    finished = [t for t in trials(storage)[0] if t.state != optuna.trial.TrialState.FAIL]
    tune(*rows(), {**SETTINGS, "trials": done + 1}, tmp_path / "whole.journal", tmp_path / "whole.yaml")
    assert [t.params for t in finished] == [t.params for t in trials(tmp_path / "whole.journal")[0]]
    assert (tmp_path / "best.yaml").read_text() == (tmp_path / "whole.yaml").read_text()


def test_what_a_kill_leaves_of_a_journal_is_mended(tmp_path):
    storage = tmp_path / "study.journal"
    tune(*rows(), SETTINGS, storage, tmp_path / "best.yaml")
    with storage.open("a") as file:
        file.write('{"op_code":4,"worker_id"')
    (tmp_path / "study.journal.lock").symlink_to(storage)
    tune(*rows(), {**SETTINGS, "trials": 4}, storage, tmp_path / "best.yaml")
    assert len(trials(storage)[0]) == 4


def test_files_that_cannot_be_read_are_set_aside(tmp_path, caplog):
    journal, former = tmp_path / "study.journal", tmp_path / "study.db"
    tune(*rows(), SETTINGS, journal, tmp_path / "best.yaml")
    best = (tmp_path / "best.yaml").read_text()
    content = journal.read_bytes()
    journal.write_bytes(content[:40] + b"\0\xff" * 30 + content[100:])
    former.write_bytes(b"SQLite format 3\0" + b"\xff" * 4000)
    tune(*rows(), SETTINGS, journal, tmp_path / "best.yaml", former=former)
    assert (tmp_path / "best.yaml").read_text() == best and len(trials(journal)[0]) == SETTINGS["trials"]
    assert {path.name for path in tmp_path.glob("*.damaged")} == {"study.journal.damaged", "study.db.damaged"}
    assert caplog.text.count("cannot be read") == 2


def test_a_search_on_sqlite_is_carried_over(tmp_path):
    """With a trial under way, by a process that was killed; other searches there stay."""
    former = tmp_path / "search" / "study.db"
    former.parent.mkdir()
    tune(*rows(), SETTINGS, tmp_path / "old.journal", tmp_path / "old.yaml")
    (name,) = optuna.get_all_study_names(journal(tmp_path / "old.journal"))
    for copy in (name, "other"):
        optuna.copy_study(
            from_study_name=name,
            from_storage=journal(tmp_path / "old.journal"),
            to_storage=f"sqlite:///{former}",
            to_study_name=copy,
        )
    optuna.load_study(study_name=name, storage=f"sqlite:///{former}").ask()
    longer = {**SETTINGS, "trials": 5}
    for _ in range(2):
        tune(*rows(), longer, tmp_path / "new/study.journal", tmp_path / "new.yaml", former=former)
        ((*found,),) = trials(tmp_path / "new/study.journal")
        assert [trial.state.name for trial in found].count("FAIL") == 1 and len(found) == 6
        assert optuna.get_all_study_names(f"sqlite:///{former}") == ["other"]
    ((*first,),) = trials(tmp_path / "old.journal")
    assert [trial.datetime_start for trial in found[:3]] == [trial.datetime_start for trial in first]
    tune(*rows(), longer, tmp_path / "whole.journal", tmp_path / "whole.yaml")
    assert (tmp_path / "new.yaml").read_text() == (tmp_path / "whole.yaml").read_text()


def test_two_searches_at_once_are_refused(tmp_path, hold):
    hold(tmp_path)
    with pytest.raises(InputError, match="another copy"):
        tune(*rows(), SETTINGS, tmp_path / "study.journal", tmp_path / "best.yaml")


@pytest.mark.parametrize("target", [[], [1], [1, 1, 1, 1, 1, 0]])
def test_rows_that_cannot_be_split_are_refused(tmp_path, target):
    features = pd.DataFrame({"a": np.arange(len(target), dtype=float)})
    with pytest.raises(InputError, match="more labelled pages"):
        tune(features, np.array(target, dtype=int), SETTINGS, tmp_path / "study.journal", tmp_path / "best.yaml")


def test_parallel_trials_find_the_same_every_time_and_after_a_break(tmp_path):
    features, target = rows()
    three = {**SETTINGS, "parallel": 3, "trials": 8}
    found = {}
    for name in ("one", "other"):
        tune(features, target, three, tmp_path / f"{name}.journal", tmp_path / f"{name}.yaml", threads=2)
        ((*found[name],),) = trials(tmp_path / f"{name}.journal")
        assert len(found[name]) == 8
    # A search that stopped within a round of three, with a trial under way, which a kill leaves running.
    storage = tmp_path / "broken.journal"
    tune(features, target, {**three, "trials": 6}, storage, tmp_path / "broken.yaml", threads=2)
    (name,) = optuna.get_all_study_names(journal(storage))
    optuna.load_study(study_name=name, storage=journal(storage)).ask()
    tune(features, target, three, storage, tmp_path / "broken.yaml", threads=2)
    ((*broken,),) = trials(storage)
    states = [trial.state for trial in broken]
    assert states.count(optuna.trial.TrialState.FAIL) == 1
    assert optuna.trial.TrialState.RUNNING not in states
    found["broken"] = [trial for trial in broken if trial.state != optuna.trial.TrialState.FAIL]
    for name in ("other", "broken"):
        assert [(t.params, t.value, t.state) for t in found[name]] == [
            (t.params, t.value, t.state) for t in found["one"]
        ]
    # Another number at a time goes on with the same study.
    tune(features, target, {**three, "parallel": 1, "trials": 9}, storage, tmp_path / "broken.yaml")
    assert len(trials(storage)) == 1


def test_a_falling_range_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"booster.tune.num_leaves: \[9, 2\] falls"):
        tune(*rows(), {**SETTINGS, "num_leaves": [9, 2]}, tmp_path / "study.journal", tmp_path / "best.yaml")
