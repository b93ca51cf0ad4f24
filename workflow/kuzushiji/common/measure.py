"""Time and memory of a piece of work, alone in a process of its own."""

import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch


def measured(function: Callable, *arguments, threads: int = 1) -> tuple:
    """Call `function(*arguments)` in a new process with `threads` threads; return its result and its peak memory.

    The peak is in megabytes (10^6 bytes): of PyTorch's allocations on CUDA, else of the process, libraries included.
    Function, arguments and result are pickled, and the process imports the main module, which must do nothing on
    import.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, function, arguments, threads).result()


def _measured(function: Callable, arguments: tuple, threads: int) -> tuple:
    torch.set_num_threads(threads)
    result = function(*arguments)
    if torch.cuda.is_available():
        return result, torch.cuda.max_memory_allocated() / 1e6
    return result, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
