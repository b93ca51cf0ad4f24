"""Locks of killed runs, told from those of living ones."""

import json
import os
import signal
import subprocess
import sys

import pytest

from kuzushiji.common.runs import take_up

RUN = """
import sys, time
from pathlib import Path
from kuzushiji.common.runs import take_up
folder = Path(sys.argv[1])
take_up(folder / "runs", folder / "locks", "a run")
(folder / "locks").mkdir()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def run(tmp_path):
    """Another run in `tmp_path`, which has locked its results."""
    with subprocess.Popen([sys.executable, "-c", RUN, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def test_a_living_run_is_named_and_keeps_its_locks(run, tmp_path):
    others = take_up(tmp_path / "runs", tmp_path / "locks", "a run")
    assert others.startswith(f"process {run.pid} on ") and "a run, since 20" in others
    assert (tmp_path / "locks").exists()


def test_the_locks_of_a_killed_run_are_removed(run, tmp_path):
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert take_up(tmp_path / "runs", tmp_path / "locks", "a run") == ""
    assert not (tmp_path / "locks").exists()
    # Only this process has a note now, and asking again changes nothing.
    assert len(list((tmp_path / "runs").iterdir())) == 1
    (tmp_path / "locks").mkdir()
    assert take_up(tmp_path / "runs", tmp_path / "locks", "a run") == ""
    assert (tmp_path / "locks").exists()


def test_nothing_is_known_of_the_processes_of_another_host(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "locks").mkdir()
    note = {"host": "elsewhere", "process": 7, "what": "a run", "since": "2026-01-01 00:00:00"}
    (tmp_path / "runs/elsewhere-7.json").write_text(json.dumps(note))
    assert take_up(tmp_path / "runs", tmp_path / "locks", "a run").startswith("process 7 on elsewhere, a run, since")
    assert (tmp_path / "locks").exists()


def test_locks_without_a_note_are_left_to_snakemake(tmp_path):
    (tmp_path / "locks").mkdir()
    assert take_up(tmp_path / "runs", tmp_path / "locks", "a run") == ""
    assert (tmp_path / "locks").exists()
