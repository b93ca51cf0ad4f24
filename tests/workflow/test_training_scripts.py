"""The scripts of trainings: their states belong to the code of their rules, and they share out threads alike."""

import inspect
import runpy
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
import torch
from crops_for_tests import CHARSET, SETTINGS, draw_crops
from snakemake_runs import ROOT

import kuzushiji.classifier.classifier
import kuzushiji.common.logs
import kuzushiji.common.tables
import kuzushiji.detector.detector
import kuzushiji.postprocess.booster
import kuzushiji.postprocess.features
import kuzushiji.postprocess.tune
from kuzushiji.classifier.run import Run
from kuzushiji.common.tables import write_table


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def no_redirection(monkeypatch):
    monkeypatch.setattr(kuzushiji.common.logs, "log_to", lambda path: None)


def run_script(name, folder, settings, code, threads=1, **inputs):
    job = MagicMock(threads=threads, input=SimpleNamespace(**inputs))
    job.resources = SimpleNamespace(gpu=0, get=lambda name, usual: usual)
    job.params = SimpleNamespace(settings=dict(settings, state=str(folder / "state")), code=code)
    for kind in ("checkpoint", "history", "confusions"):
        setattr(job.output, kind, folder / kind)
    runpy.run_path(str(ROOT / f"workflow/scripts/{name}.py"), {"snakemake": job}, "__main__")


@pytest.mark.usefixtures("one_thread")
def test_a_classifier_of_other_code_does_not_go_on_from_where_the_first_stopped(tmp_path, monkeypatch):
    rows = draw_crops(tmp_path)
    write_table(rows.assign(x_min=0, y_min=0, x_max=1, y_max=1), tmp_path / "truth", "truth")
    for name, part in {"training": rows[:60], "validation": rows[60:]}.items():
        write_table(part, tmp_path / name, "folds")
    inputs = {"truth": tmp_path / "truth", "folds": [tmp_path / "training", tmp_path / "validation"]}
    inputs |= {"crops": [tmp_path / "0.arrow"], "pseudo": [], "start": [], "pretrained": []}
    settings = SETTINGS | {"image_sets": []}
    assert set(CHARSET) == set(rows["codepoint"])
    epochs, train_epoch = [], Run.train_epoch

    def until(last):
        def counted(self, epoch, progress):
            if epoch == last:
                raise Killed
            epochs.append(epoch)
            train_epoch(self, epoch, progress)

        epochs.clear()
        monkeypatch.setattr(Run, "train_epoch", counted)

    until(2)
    with pytest.raises(Killed):
        run_script("classifier", tmp_path, settings, "first", **inputs)
    assert epochs == [0, 1]
    until(None)
    run_script("classifier", tmp_path, settings, "second", **inputs)
    assert epochs == [0, 1, 2]
    until(None)
    run_script("classifier", tmp_path, settings, "first", **inputs)
    assert epochs == [2]


@pytest.mark.parametrize(
    ("script", "module", "function"),
    [
        ("classifier", kuzushiji.classifier.classifier, "train"),
        ("book_classifier", kuzushiji.classifier.classifier, "train"),
        ("detector", kuzushiji.detector.detector, "train"),
        ("tune", kuzushiji.postprocess.tune, "tune"),
    ],
)
def test_every_state_lies_in_a_folder_of_the_code(script, module, function, tmp_path, monkeypatch):
    states = []
    for code in ("first", "second"):
        given = arguments_of(script, module, function, code, tmp_path, monkeypatch)
        (state,) = [value for value in given if isinstance(value, Path) and tmp_path / "state" in value.parents]
        states.append(state.relative_to(tmp_path / "state").parts[0])
    assert states == ["first", "second"]


@pytest.mark.parametrize(("gpu", "workers"), [(True, 7), (False, 0)])
def test_all_classifiers_have_as_many_processes_that_load(gpu, workers, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    parameters = list(inspect.signature(kuzushiji.classifier.classifier.train).parameters)
    for script in ("classifier", "book_classifier"):
        given = arguments_of(script, kuzushiji.classifier.classifier, "train", "code", tmp_path, monkeypatch)
        assert given[parameters.index("workers")] == workers


def arguments_of(script, module, function, code, folder, monkeypatch):
    """What a script with 8 threads gives to its training."""

    def given(*arguments, **_):
        raise Killed(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(module, function, given)
        for place, name in (
            (kuzushiji.common.tables, "read_table"),
            (kuzushiji.postprocess.features, "read_features"),
            (kuzushiji.postprocess.booster, "booster_rows"),
        ):
            patch.setattr(place, name, MagicMock())
        settings = {"training": {"snapshots": []}, "pages": {}, "image_sets": [], "sampling": None}
        inputs = {"folds": [1, 2], "crops": [], "pseudo": []}
        inputs |= dict.fromkeys(("truth", "pages", "start", "pretrained", "features", "merged"))
        with pytest.raises(Killed) as killed:
            run_script(script, folder, settings, code, 8, **inputs)
    return killed.value.args
