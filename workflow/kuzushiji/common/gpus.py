"""Which of the machine's GPUs a job computes on: as many as it was given, each for one job at a time."""

import logging
import os
import tempfile
import time
from pathlib import Path
from typing import TextIO

from kuzushiji.common.errors import InputError
from kuzushiji.common.state import try_lock

DEVICES = ("auto", "cuda", "cpu")
EVERY = 2  # seconds between looks for a free GPU

_held: list[TextIO] = []  # open files, whose locks end with this process


def claim(gpus: int, device: str = "auto") -> None:
    """Let this process and those that it starts see `gpus` GPUs and no others. Call it before anything asks for CUDA.

    `device` is one of `DEVICES`: `cuda` demands the GPUs, `auto` goes on without if there are none, `cpu` hides them,
    as does a number of 0. They are chosen among those of `CUDA_VISIBLE_DEVICES`, or of the machine, and locked until
    this process ends, however it ends; while too few are free, it waits. In a Slurm job that sees no more than it was
    given, they are Slurm's choice. Raises `InputError` for an unknown `device`, and if there are too few GPUs.
    """
    if device not in DEVICES:
        raise InputError(f"device: unknown {device}; choose {' or '.join(DEVICES)}")
    if device == "cpu" or gpus < 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return
    import torch  # two seconds, which jobs without a GPU may save

    seen = _seen()
    if seen and len(seen) < gpus:
        raise InputError(f"gpu: this job sees {len(seen)} GPUs, not {gpus}; ask for fewer")
    if len(seen) > gpus or (seen and "SLURM_JOB_ID" not in os.environ):
        seen = _locked(seen, gpus)
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(seen)
        if torch.cuda.device_count() != gpus:
            raise InputError("gpu: the NVIDIA driver gives no choice of GPUs here; set CUDA_VISIBLE_DEVICES yourself")
        logging.info("holding the GPU %s", ", ".join(seen))
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "device: this job has to run on a GPU and PyTorch finds none; mend the driver, pass --nv to a container, "
            "or let it run on the CPU by device=auto or device=cpu among its resources"
        )


def _seen() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count()  # by NVIDIA's management library: CUDA itself would fix the choice
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = map(str, range(count)) if named is None else map(str.strip, named.split(","))
    return list(names)[:count]


def _locked(names: list[str], wanted: int) -> list[str]:
    """The first `wanted` of the GPUs `names` that no other job of this user holds, as soon as there are so many."""
    # Inside an allocation names count from it.
    folder = Path(tempfile.gettempdir(), f"kuzushiji-gpus-{os.getuid()}-{os.environ.get('SLURM_JOB_ID', 'machine')}")
    folder.mkdir(mode=0o700, exist_ok=True)
    waiting = False
    while True:
        found = {}
        for name in names:
            if len(found) < wanted and (file := try_lock(folder / name.replace("/", "_"))):
                found[name] = file
        if len(found) == wanted:
            _held.extend(found.values())
            return list(found)
        for file in found.values():  # two jobs that want two GPUs each must not keep one each
            file.close()
        if not waiting:
            logging.info("waiting for %d of the GPUs %s, which other jobs hold", wanted, ", ".join(names))
        waiting = True
        time.sleep(EVERY)
