"""What a job says: to its log file while it runs, and in one clear line when its input is at fault."""

import logging
import os
import sys
import traceback
from typing import TextIO

from kuzushiji.common.errors import InputError


def log_to(path: str) -> TextIO:
    """Send this process's output, warnings and log records to the file `path`; the terminal they went to is returned.

    Child processes and libraries that write to the file descriptors are caught too. An uncaught
    `InputError` is also shown, without its traceback, where the output went before.
    """
    terminal = os.fdopen(os.dup(2), "w")
    log = open(path, "w", buffering=1)  # noqa: SIM115 (open until the process ends)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    logging.captureWarnings(True)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")

    def report(kind, error, trace):
        if issubclass(kind, InputError):
            # PyTorch puts a loader process's traceback before what it raised.
            message = str(error).rpartition("InputError: ")[2].strip()
            print(f"Error: {message}", file=sys.stderr)
            print(f"Error: {message}", file=terminal)
        else:
            traceback.print_exception(kind, error, trace)
            print(f"Error: {kind.__name__}: {error} (details in {path})", file=terminal)
        terminal.flush()

    sys.excepthook = report
    return terminal
