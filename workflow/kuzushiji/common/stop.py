"""Ending a long job early, with its state saved, when a scheduler says that its time is nearly up."""

import atexit
import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
GOES_ON = 75  # exit status of such a job: EX_TEMPFAIL of sysexits.h, "try again later"
TOGETHER = 20  # steps after which several processes tell each other of a signal


class Stopped(SystemExit):
    """The job has saved its state and ends; another attempt goes on."""

    def __init__(self):
        super().__init__(GOES_ON)


class Stop:
    """Whether this process was asked to stop. All `ranks` processes of a job ask after the same steps."""

    def __init__(self, ranks: int = 1):
        self.ranks = ranks
        self.asked = False

    def after(self, step: int) -> bool:
        """Whether to stop after this step (from 0 on): the same answer in all processes, if one of them was asked."""
        if self.ranks == 1:
            return self.asked
        if (step + 1) % TOGETHER:
            return False
        flag = torch.tensor(float(self.asked), device="cuda" if distributed.get_backend() == "nccl" else "cpu")
        distributed.all_reduce(flag, distributed.ReduceOp.MAX)
        return bool(flag)


@contextmanager
def stoppable(ranks: int = 1) -> Iterator[Stop]:
    """A block in which the signals are only noted: the process has to look, save its state, and raise `Stopped`."""
    stop = Stop(ranks)

    def note(*_) -> None:
        stop.asked = True

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_signals(*_) -> None:
    """Let a process that loads data ignore the signals, which schedulers send to all processes of a job."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end_loaders() -> None:
    """Kill the processes that load data, for the interpreter ends others by a signal that they ignore, and waits."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # PyTorch takes their end for a failure
    for process in multiprocessing.active_children():
        if process.daemon:
            process.kill()


# After torch's import of multiprocessing's own function, and so called before it.
atexit.register(_end_loaders)
