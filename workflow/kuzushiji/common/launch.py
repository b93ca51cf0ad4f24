"""One job in several processes, a GPU each: PyTorch's processes, which meet over a file.

mmengine.dist joins processes, but starts none.
"""

import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from torch import distributed
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException, spawn

from kuzushiji.common.errors import InputError
from kuzushiji.common.stop import GOES_ON, SIGNALS, Stopped

GRACE = 5  # seconds for the other processes to end by themselves when one has ended with an error


def launch(function: Callable, processes: int, *arguments) -> None:
    """Call `function(*arguments)` in `processes` processes, which `process_group` joins; a single one is this process.

    Function and arguments are pickled, and the processes import the main module, which must do nothing on import. On
    the CPU the processes share the threads of this one. They end with this process; when one fails, the others are
    stopped; the signals of `common.stop` are passed on to them. Raises `InputError` if there are fewer GPUs than
    processes or if a process raised it, `Stopped` if they did, and `RuntimeError` if a process failed otherwise.
    """
    if processes == 1:
        function(*arguments)
        return
    if torch.cuda.is_available() and torch.cuda.device_count() < processes:
        raise InputError(f"gpu: this job sees {torch.cuda.device_count()} GPUs, not {processes}; ask for fewer")
    with tempfile.TemporaryDirectory() as folder:
        _launch(function, processes, arguments, Path(folder))


def _launch(function: Callable, processes: int, arguments: tuple, folder: Path) -> None:
    threads = max(1, torch.get_num_threads() // processes)
    try:
        context = spawn(_process, (processes, function, arguments, threads, folder), processes, join=False)
        with _passed_on(context.pids()):
            while not context.join(grace_period=GRACE):
                pass
    except (ProcessRaisedException, ProcessExitedException) as error:
        if isinstance(error, ProcessExitedException) and error.exit_code == GOES_ON:
            raise Stopped from error
        # PyTorch reports just one process, which may have failed only because another one no longer answered.
        first = min(folder.glob("failure_*"), key=lambda path: path.stat().st_mtime_ns, default=None)
        kind, _, message = first.read_text().partition(": ") if first else ("", "", str(error))
        if kind == InputError.__name__:
            raise InputError(message) from error
        raise RuntimeError(f"one of {processes} processes failed: {kind}: {message}") from error


@contextmanager
def _passed_on(pids: list[int]) -> Iterator[None]:
    """A block in which the signals to stop go to these processes in place of this one."""

    def pass_on(number: int, _) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    before = {number: signal.signal(number, pass_on) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def process_group() -> Iterator[tuple[int, int]]:
    """Join the processes of this job (NCCL on CUDA, else gloo); yields this process's rank and how many there are.

    `launch` sets both in the environment; a process without them is alone.
    """
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if ranks == 1:
        yield rank, ranks
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, os.environ["RENDEZVOUS"], rank=rank, world_size=ranks)
    yield rank, ranks
    # Not after an error: the others would report the lost connection before this process can report its own error.
    distributed.destroy_process_group()


def _process(rank: int, ranks: int, function: Callable, arguments: tuple, threads: int, folder: Path) -> None:
    # PyTorch sends it when the launcher ends. Python's handler would wait for a collective that never returns.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
    os.environ.update(place, RENDEZVOUS=f"file://{folder}/rendezvous")
    level = logging.INFO if rank == 0 else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(threads)
    try:
        function(*arguments)
    except Exception as error:
        traceback.print_exc()
        (folder / f"failure_{rank}").write_text(f"{type(error).__name__}: {error}")
        raise
