import functools
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import timm
import torch
from crops_for_tests import CHARSET, SETTINGS, draw_crops
from safetensors.torch import save_file

from kuzushiji.classifier.classifier import Outputs, train
from kuzushiji.classifier.model import load_classifier
from kuzushiji.classifier.run import Run, optimizer_of
from kuzushiji.classifier.training_batches import batch_size_of
from kuzushiji.common.errors import InputError
from kuzushiji.common.stop import GOES_ON, Stopped
from kuzushiji.crops.crops import open_crops

CHILD = """
import json, resource, sys
import pandas as pd
import torch
from kuzushiji.classifier.classifier import Outputs, train
torch.set_num_threads(1)
folder, settings, most_bytes = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
if most_bytes:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
rows = pd.read_parquet(f"{folder}/rows.parquet")
outputs = Outputs(*(f"{folder}/out.{kind}" for kind in ("pth", "history", "confusions")))
train([f"{folder}/0.arrow"], rows[:60], rows[60:], sorted(set(rows["codepoint"])), settings, f"{folder}/state", outputs)
"""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def shared_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crops")
    draw_crops(folder)
    return folder


@pytest.fixture
def folder(shared_folder, tmp_path):
    """A folder of its own with the crops."""
    for name in ("0.arrow", "rows.parquet"):
        (tmp_path / name).symlink_to(shared_folder / name)
    return tmp_path


@pytest.fixture(scope="module")
def rows(shared_folder):
    return pd.read_parquet(shared_folder / "rows.parquet")


def outputs(folder, name="out"):
    return Outputs(*(folder / f"{name}.{kind}" for kind in ("pth", "history", "confusions")))


def run(folder, rows, settings, name="out", charset=CHARSET, **options):
    """Train on the first 60 crops, apart from trainings of other names; returns what the checkpoint holds."""
    train(
        [folder / "0.arrow"],
        rows[:60],
        rows[60:],
        charset,
        settings,
        folder / ("state" if name == "out" else f"state_{name}"),
        outputs(folder, name),
        **options,
    )
    return torch.load(folder / f"{name}.pth", weights_only=True)


def train_rows(folder, rows, training, pseudo, settings, charset=CHARSET, **options):
    """Train on these rows; returns what the checkpoint holds."""
    out = outputs(folder, "rows")
    crops = [folder / "0.arrow"]
    train(crops, training, rows[60:], charset, settings, folder / "state", out, pseudo=pseudo, **options)
    return torch.load(out.checkpoint, weights_only=True)


def start_child(folder, settings, most_bytes=0):
    arguments = [sys.executable, "-c", CHILD, str(folder), json.dumps(settings), str(most_bytes)]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)


def wait_for_state(folder, child):
    while not list(folder.glob("state/*/state.pt")):
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)


def assert_equal(one, other):
    assert one["history"] == other["history"]
    for which in ("best", "last"):
        for name, value in one[which].items():
            assert torch.equal(value, other[which][name]), name


def test_it_learns_and_says_what_it_did(folder, rows, caplog):
    caplog.set_level(logging.INFO)
    settings = {**SETTINGS, "epochs": 12, "schedule": {"kind": "multistep", "milestones": [9], "factor": 0.1}}
    content = run(folder, rows, settings)
    assert content["settings"] == settings and content["charset"] == CHARSET
    assert sum("epoch 12 of 12" in message for message in caplog.messages) == 1
    (left,) = (folder / "state").iterdir()
    assert {path.name for path in left.iterdir()} == {"lock", "checkpoint.pth", "history.csv", "confusions.csv"}
    model, charset, _ = load_classifier(folder / "out.pth", "last")
    assert charset == CHARSET and not model.training

    history = pd.read_csv(folder / "out.history")
    columns = ["epoch", "loss", "accuracy", "macro_accuracy", "learning_rate"]
    assert history.columns.tolist() == [*columns, "seconds"]
    assert history[columns].to_dict("records") == content["history"]
    assert history["epoch"].tolist() == list(range(1, 13))
    assert history["accuracy"].max() >= 0.9
    assert history["learning_rate"].iloc[-1] == pytest.approx(0.002)
    confused = pd.read_csv(folder / "out.confusions")
    wrong = round((1 - history["accuracy"].max()) * 30)  # 30 validation crops, at the best epoch
    assert confused["crops"].sum() == wrong


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": "rgb", "pca_noise": 0.1, "grayscale": 0.2},
        {
            "mixing": {"method": "icap", "beta": 1.0, "probability": 0.5},
            "schedule": {"kind": "cosine", "period": 2, "minimum": 1e-6},
        },
        {"mixing": None, "erasing": None, "max_training": 5, "batch_size": 512},
        {"precision": "bfloat16"},
        {"transforms": "torch", "channels": "rgb", "grayscale": 0.2},
        {"transforms": "torch", "letterbox": True, "elastic": 1.0, "stroke": 0.5, "shear": 0.1},
    ],
)
def test_the_same_input_gives_the_same_weights_with_any_number_of_loaders(folder, rows, changes):
    settings = {**SETTINGS, "epochs": 2, **changes}
    first, second = (run(folder, rows[:61], settings, name, workers=2 * (name == "b")) for name in ("a", "b"))
    assert_equal(first, second)
    for kind in ("confusions", "pth"):
        assert (folder / f"a.{kind}").read_bytes() == (folder / f"b.{kind}").read_bytes()


def test_precision_is_that_of_the_settings(folder, rows):
    exact, rounded = (run(folder, rows, {**SETTINGS, "precision": name}, name) for name in ("float32", "bfloat16"))
    difference = abs(exact["history"][0]["loss"] - rounded["history"][0]["loss"])
    assert 0 < difference < 0.5
    assert all(value.dtype != torch.bfloat16 for value in rounded["last"].values())


def test_two_processes_train_as_one_does(folder, rows):
    # Without batch normalization, whose statistics are each process's own.
    settings = {**SETTINGS, "architecture": "test_convnext", "epochs": 2, "input_size": 32, "resize": [36, 34]}
    settings["mixing"] = {"method": "icap", "beta": 1.0, "probability": 1.0}  # mixes over the whole batch
    one, two = (run(folder, rows, settings, f"{count}", processes=count) for count in (1, 2))
    for name, value in one["last"].items():
        torch.testing.assert_close(value, two["last"][name], rtol=1e-3, atol=1e-5)
    assert [past["accuracy"] for past in one["history"]] == [past["accuracy"] for past in two["history"]]
    losses = [past["loss"] for past in two["history"]]
    assert [past["loss"] for past in one["history"]] == pytest.approx(losses, rel=1e-5)  # sums in another order


def test_pseudo_labelled_crops_are_drawn_as_often_as_others_on_average(folder, rows, monkeypatch):
    given = []

    class Launched(Exception):
        pass

    def launch(*arguments):
        given.append(arguments[3])
        raise Launched

    monkeypatch.setattr(f"{train.__module__}.launch", launch)
    settings = {**SETTINGS, "sampling": {"crops": 64, "power": 0.5, "shares": None}, "pseudo_target": 0.9}
    weighted = rows[:50].assign(weight=np.linspace(0.01, 0.03, 50))
    with pytest.raises(Launched):
        train(
            [folder / "0.arrow"],
            weighted,
            rows[60:],
            CHARSET,
            settings,
            folder / "state",
            outputs(folder),
            pseudo=rows[50:60],
        )
    (drawn,) = given
    np.testing.assert_allclose(drawn.weights[:50], weighted["weight"])
    np.testing.assert_allclose(drawn.weights[50:], [0.02] * 10)


def test_pseudo_labelled_crops_train_with_their_target(folder, rows):
    plain = {**SETTINGS, "mixing": None, "erasing": None, "epochs": 1}
    labelled = run(folder, rows, plain, "labelled")
    # The second half of the training crops as pseudo labels that count as much: the same training.
    half = {"training": rows[:30], "pseudo": rows[30:60]}
    train_on = functools.partial(train_rows, folder, rows)
    assert_equal(labelled, train_on(**half, settings={**plain, "pseudo_target": 1.0}))
    # With less they teach less than that, and with nothing no more than their pixels through batch normalization.
    losses = [
        train_on(**half, settings={**plain, "pseudo_target": target})["history"][0]["loss"] for target in (0.9, 0.0)
    ]
    assert labelled["history"][0]["loss"] > losses[0] > losses[1]
    none = train_on(training=rows[:60], pseudo=rows[:0], settings={**plain, "pseudo_target": 0.9})
    assert_equal(labelled, none)


def test_a_training_starts_from_the_pretrained_weights(folder, rows):
    whole = timm.create_model(SETTINGS["architecture"])
    save_file(whole.state_dict(), folder / "imagenet.safetensors")
    still = {**SETTINGS, "pretrained": True, "base_learning_rate": 1e-30, "weight_decay": 0}
    with pytest.raises(InputError, match="pretrained: true needs a file of weights"):
        train_rows(folder, rows, rows[:60], None, still)
    checkpoint = train_rows(folder, rows, rows[:60], None, still, pretrained=folder / "imagenet.safetensors")
    found = {name: value for name, value in checkpoint["best"].items() if "layer" in name and "weight" in name}
    assert found
    for name, value in found.items():
        torch.testing.assert_close(value, whole.state_dict()[name.removeprefix("backbone.")], rtol=0, atol=1e-6)


def test_a_later_round_starts_from_the_best_weights(folder, rows):
    first = run(folder, rows, SETTINGS, "first")
    still = {**SETTINGS, "epochs": 1, "base_learning_rate": 1e-30, "warmup_epochs": 0, "weight_decay": 0}
    again = train_rows(folder, rows, rows[:60], None, still, start=folder / "first.pth")
    for name, value in first["best"].items():
        if "running" not in name and "num_batches" not in name:
            assert torch.equal(value, again["last"][name]), name
    more = train_rows(folder, rows, rows[:60], None, still, [*CHARSET, "U+4E00"], start=folder / "first.pth")
    assert more["last"]["head.weight"].shape[0] == len(CHARSET) + 1
    assert torch.equal(more["last"]["head.weight"][: len(CHARSET)], first["best"]["head.weight"])
    fewer = rows[rows["codepoint"] != CHARSET[0]]
    with pytest.raises(InputError, match=r"first\.pth: reads codepoints that this training lacks"):
        train_rows(folder, fewer, fewer[:60], None, still, CHARSET[1:], start=folder / "first.pth")
    other = {**still, "architecture": "test_vit"}
    with pytest.raises(InputError, match=r"first\.pth: architecture is test_resnet, not test_vit"):
        train_rows(folder, rows, rows[:60], None, other, start=folder / "first.pth")


@pytest.mark.parametrize(("name", "kind"), [("sgd", torch.optim.SGD), ("adamw", torch.optim.AdamW)])
def test_the_optimizer_is_the_one_that_the_settings_name(name, kind):
    settings = {**SETTINGS, "optimizer": name, "weight_decay": 0.02}
    optimizer = optimizer_of(torch.nn.Linear(2, 2), settings)
    assert type(optimizer) is kind
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"]) == (SETTINGS["base_learning_rate"], 0.02)


@pytest.mark.parametrize("changes", [{}, {"optimizer": "adamw", "base_learning_rate": 0.001}])
def test_a_killed_training_goes_on_and_ends_as_an_uninterrupted_one(folder, rows, caplog, changes):
    caplog.set_level(logging.INFO)
    settings = {**SETTINGS, "epochs": 12, **changes}
    child = start_child(folder, settings)
    wait_for_state(folder, child)
    assert list(folder.glob("state/*/tensorboard/events*"))
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (folder / "out.pth").exists()
    resumed = run(folder, rows, settings)
    assert any("going on after epoch" in message for message in caplog.messages)
    assert_equal(resumed, run(folder, rows, settings, "whole"))


def test_lost_outputs_of_a_finished_training_are_copied_and_nothing_is_trained(folder, rows, monkeypatch):
    """As when Snakemake was killed, and removes what its job left when it is started again."""
    run(folder, rows, {**SETTINGS, "epochs": 1})
    made = {path: path.read_bytes() for path in outputs(folder)}
    for path in made:
        path.unlink()
    monkeypatch.setattr(f"{train.__module__}.launch", None)
    run(folder, rows, {**SETTINGS, "epochs": 1})
    assert {path: path.read_bytes() for path in made} == made


def test_a_training_that_is_asked_to_stop_saves_its_state_within_an_epoch(folder, rows, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    settings = {**SETTINGS, "epochs": 3, "batch_size": 12, "mixing": {"method": "mixup", "alpha": 0.2}}
    settings["erasing"] = {"probability": 0.5, "area": [0.02, 0.4], "aspect": [0.3, 3.33]}
    whole = run(folder, rows, settings, "whole")
    update, steps = Run.update, []

    def counted(self, *given):
        steps.append(self.steps)
        if len(steps) == self.steps + 2:  # the second step of the second epoch
            os.kill(os.getpid(), signal.SIGUSR1)
        return update(self, *given)

    monkeypatch.setattr(Run, "update", counted)
    with pytest.raises(Stopped) as stopped:
        run(folder, rows, settings)
    assert stopped.value.code == GOES_ON and len(steps) == steps[0] + 2 < 2 * steps[0]
    resumed = run(folder, rows, settings)
    assert len(steps) == 3 * steps[0]
    assert "going on after epoch 1 of 3, step 2" in caplog.text
    assert_equal(resumed, whole)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 half", b"text"])
def test_a_state_that_cannot_be_read_is_set_aside(tmp_path, caplog, content):
    training, path = object.__new__(Run), tmp_path / "state.pt"
    path.write_bytes(content)
    training.resume(path)  # which leaves the training as it begins
    assert not path.exists() and (tmp_path / "state.pt.damaged").read_bytes() == content
    assert "state.pt: cannot be read" in caplog.text


def test_a_full_disk_ends_the_training_clearly_and_keeps_what_was_saved(folder):
    settings = {**SETTINGS, "epochs": 200}
    child = start_child(folder, settings)
    wait_for_state(folder, child)
    child.send_signal(signal.SIGKILL)
    child.wait()
    (state,) = folder.glob("state/*/state.pt")
    before = state.read_bytes()

    child = start_child(folder, settings, most_bytes=len(before) // 2)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "InputError" in said and "state.pt: cannot be written" in said and "make room on the disk" in said
    assert state.read_bytes() == before
    assert not list(state.parent.glob(".state*"))


def test_other_crops_do_not_go_on_from_the_state(folder, rows, monkeypatch):
    visited = []

    def hold(folder):
        visited.append(folder)
        raise InputError("stop here")

    monkeypatch.setattr("kuzushiji.classifier.classifier.locked", hold)
    table = open_crops([folder / "0.arrow"])
    for name, part in (("low", table[:45]), ("high", table[45:])):
        with pa.ipc.new_file(str(folder / f"{name}.arrow"), table.schema) as writer:
            writer.write_table(part)
    backwards = table.take(list(range(89, -1, -1)))
    for name in ("checksum", "image"):
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), backwards[name])
    with pa.ipc.new_file(str(folder / "other.arrow"), table.schema) as writer:
        writer.write_table(table)
    trainings = (("0", 60), ("0", 60), ("high low", 60), ("0", 59), ("other", 60))  # other files, the same crops
    for crops, count in trainings:
        files = [folder / f"{name}.arrow" for name in crops.split()]
        with pytest.raises(InputError, match="stop here"):
            train(files, rows[:count], rows[60:], CHARSET, SETTINGS, folder, outputs(folder))
    assert visited[0] == visited[1] == visited[2] and len(set(visited)) == 3


def test_a_second_copy_fails_clearly(folder, rows):
    settings = {**SETTINGS, "epochs": 300}
    child = start_child(folder, settings)
    try:
        wait_for_state(folder, child)
        with pytest.raises(InputError, match="another copy"):
            run(folder, rows, settings)
    finally:
        child.kill()
        child.communicate()


def test_crops_that_make_no_training_are_refused(folder, rows):
    for training, validation in ((rows[:1], rows[60:]), (rows[:60], rows[:0])):
        with pytest.raises(InputError, match="crops"):
            train([folder / "0.arrow"], training, validation, CHARSET, SETTINGS, folder / "state", outputs(folder))
    with pytest.raises(InputError, match="precision: unknown float8"):
        run(folder, rows, {**SETTINGS, "precision": "float8"})
    assert not (folder / "state").exists()


def test_a_codepoint_outside_the_charset_is_an_error_and_one_without_crops_a_warning(folder, rows, caplog):
    with pytest.raises(InputError, match=r"U\+30.. ?.*of no class of the charset"):
        run(folder, rows, SETTINGS, charset=CHARSET[:2])
    content = run(folder, rows, {**SETTINGS, "epochs": 1}, charset=[*CHARSET, "U+4E00"])
    assert content["last"]["head.weight"].shape[0] == 4
    assert "1 of 4 codepoints have no training crop and will not be read" in caplog.text


@pytest.mark.parametrize(
    ("count", "batch_size", "processes", "expected"),
    [(60, 16, 1, (16, 3)), (61, 512, 1, (60, 1)), (60, 20, 2, (20, 3)), (5, 512, 2, (4, 1))],
)
def test_batches(count, batch_size, processes, expected):
    labels = torch.arange(count).numpy() % 3
    assert batch_size_of(labels, {**SETTINGS, "batch_size": batch_size}, processes) == expected


@pytest.mark.parametrize(
    ("count", "batch_size", "processes", "message"),
    [
        (1, 16, 1, "at least two"),
        (60, 15, 1, "has to be even"),
        (60, 16, 3, "shared equally"),
        (3, 16, 2, "2 processes"),
    ],
)
def test_batches_that_cannot_be_mixed_or_shared_are_refused(count, batch_size, processes, message):
    labels = torch.arange(count).numpy() % 3
    with pytest.raises(InputError, match=message):
        batch_size_of(labels, {**SETTINGS, "batch_size": batch_size}, processes)


def test_a_loss_that_is_not_finite_ends_the_training(folder, rows):
    with pytest.raises(InputError, match="base_learning_rate"):
        run(folder, rows, {**SETTINGS, "base_learning_rate": 1e30})
    assert not Path(folder / "out.pth").exists()
