"""A job's output: its log file, and one clear line on the terminal if its input is wrong."""

import logging
import os
import sys
import traceback
from typing import TextIO

from kuzushiji.common.errors import InputError


def log_to(path: str) -> TextIO:
    """Send this process's output, warnings and log records to the file `path`; returns the terminal used before.

    This includes child processes and libraries that write to the file descriptors. An uncaught exception appears in the
    file with its whole chain of causes, and on that terminal as one line.
    """
    terminal = os.fdopen(os.dup(2), "w")
    log = open(path, "w", buffering=1)  # noqa: SIM115 (open until the process ends)
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    logging.captureWarnings(True)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")

    def report(kind, error, trace):
        traceback.print_exception(kind, error, trace)
        if issubclass(kind, InputError):
            # PyTorch puts a loader process's traceback before its message.
            message = str(error).rpartition("InputError: ")[2].strip()
            print(f"Error: {message}", file=sys.stderr)
            print(f"Error: {message}", file=terminal)
        else:
            print(f"Error: {kind.__name__}: {error} (details in {path})", file=terminal)
        terminal.flush()

    sys.excepthook = report
    return terminal
