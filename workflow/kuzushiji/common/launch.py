"""One job in several processes, a GPU each: torchrun's launcher, called from Python."""

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import distributed
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from kuzushiji.common.errors import InputError


def launch(function: Callable, processes: int, *arguments) -> None:
    """Call `function(*arguments)` in `processes` processes, which `process_group` joins; a single one is this process.

    Function and arguments are pickled, and the processes import the main module, which must do nothing on import. On
    the CPU the processes share the threads of this one. They end with this process; when one fails, the others are
    stopped. Raises `InputError` if there are fewer GPUs than processes or if a process raised it, and `RuntimeError`
    if a process failed otherwise.
    """
    if processes == 1:
        function(*arguments)
        return
    if torch.cuda.is_available() and torch.cuda.device_count() < processes:
        raise InputError(f"gpu: this job sees {torch.cuda.device_count()} GPUs, not {processes}; ask for fewer")
    with tempfile.TemporaryDirectory() as folder:
        _launch(function, processes, arguments, Path(folder))


def _launch(function: Callable, processes: int, arguments: tuple, folder: Path) -> None:
    failures = folder / "failures"
    failures.mkdir()
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=f"kuzushiji-{os.getpid()}",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,
        monitor_interval=0.5,
        logs_specs=DefaultLogsSpecs(log_dir=str(folder)),
    )
    logging.getLogger("torchelastic-events-null").setLevel(logging.WARNING)
    threads = max(1, torch.get_num_threads() // processes)
    try:
        elastic_launch(config, _process)(function, arguments, threads, failures)
    except ChildFailedError as error:
        # The launcher reports just one process, which may have failed only because another one no longer answered.
        first = min(failures.iterdir(), key=lambda path: path.stat().st_mtime_ns, default=None)
        kind, _, message = first.read_text().partition(": ") if first else ("", "", str(error))
        if kind == InputError.__name__:
            raise InputError(message) from None
        raise RuntimeError(f"one of {processes} processes failed: {kind}: {message}") from error


@contextmanager
def process_group() -> Iterator[tuple[int, int]]:
    """Join the processes of this job (NCCL on CUDA, else gloo); yields this process's rank and how many there are.

    `torchrun` and `launch` set both in the environment; a process without them is alone.
    """
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if ranks == 1:
        yield rank, ranks
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    yield rank, ranks
    # Not after an error: the others would report the lost connection before this process can report its own error.
    distributed.destroy_process_group()


def _process(function: Callable, arguments: tuple, threads: int, failures: Path) -> None:
    level = logging.INFO if os.environ["RANK"] == "0" else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(threads)
    try:
        function(*arguments)
    except Exception as error:
        (failures / os.environ["RANK"]).write_text(f"{type(error).__name__}: {error}")
        raise
