import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import distributed

from kuzushiji.common.errors import InputError
from kuzushiji.common.launch import launch, process_group
from kuzushiji.common.stop import GOES_ON, Stopped, stoppable

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="two processes on the CPU")


def add_ranks(folder):
    with process_group() as (rank, ranks):
        number = torch.tensor(float(rank + 1))
        if ranks > 1:
            distributed.all_reduce(number)
        (Path(folder) / str(rank)).write_text(f"{number.item():g} of {ranks}")


def fail_in_the_second(error):
    with process_group() as (rank, _):
        if rank == 1:
            raise error("page 7: no such box; mend it")
        distributed.barrier()  # the other waits in vain


def wait(folder):
    with process_group() as (rank, _):
        (Path(folder) / f"{rank}.pid").write_text(str(os.getpid()))
        time.sleep(300)


def work(folder):
    with process_group() as (rank, ranks), stoppable(ranks) as stop:
        for step in range(100_000):
            (Path(folder) / f"{rank}.pid").write_text(str(os.getpid()))
            if stop.after(step):
                (Path(folder) / f"{rank}.step").write_text(str(step))
                distributed.barrier()
                raise Stopped


@pytest.mark.parametrize("processes, content", [(1, ["1 of 1"]), (2, ["3 of 2", "3 of 2"])])
def test_processes_work_together(tmp_path, processes, content):
    launch(add_ranks, processes, tmp_path)
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == content
    assert not distributed.is_initialized()


def test_what_one_process_raises_ends_all(capfd):
    with pytest.raises(InputError, match=r"^page 7: no such box; mend it$"):
        launch(fail_in_the_second, 2, InputError)
    assert "in fail_in_the_second" in capfd.readouterr().err  # where it happened
    with pytest.raises(RuntimeError, match="one of 2 processes failed: ValueError: page 7"):
        launch(fail_in_the_second, 2, ValueError)


@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGKILL])
def test_processes_end_with_their_launcher(tmp_path, kill):
    script = f"from test_launch import *; launch(wait, 2, {str(tmp_path)!r})"
    launcher = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parent)
    deadline = time.monotonic() + 300
    while len(list(tmp_path.glob("*.pid"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    pids = [int(path.read_text()) for path in tmp_path.glob("*.pid")]
    assert len(pids) == 2
    launcher.send_signal(kill)
    launcher.wait()
    while any(running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(running(pid) for pid in pids)


def test_processes_that_are_asked_to_stop_do_so_after_the_same_step(tmp_path):
    script = f"from test_launch import *; launch(work, 2, {str(tmp_path)!r})"
    launcher = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parent)
    while len(list(tmp_path.glob("*.pid"))) < 2:
        assert launcher.poll() is None
        time.sleep(0.1)
    launcher.send_signal(signal.SIGUSR1)
    assert launcher.wait() == GOES_ON
    steps = {path.read_text() for path in tmp_path.glob("*.step")}
    assert len(steps) == 1 and len(list(tmp_path.glob("*.step"))) == 2


def running(pid):
    try:
        return "zombie" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
