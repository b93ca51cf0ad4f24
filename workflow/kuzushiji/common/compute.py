"""The device on which the networks run, and their precision."""

import logging

import torch

from kuzushiji.common.errors import InputError

PRECISIONS = ("float32", "bfloat16", "float16")


def device() -> torch.device:
    """CUDA if available, else the CPU; the log says which."""
    if torch.cuda.is_available():
        logging.info("running on cuda (%s)", torch.cuda.get_device_name())
        return torch.device("cuda")
    logging.info("running on cpu (%d threads)", torch.get_num_threads())
    return torch.device("cpu")


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """A context in which networks on `device` compute in `precision`, one of `PRECISIONS`; their weights stay float32.

    float32 is PyTorch's: GPUs with TF32 multiply in it inside convolutions. Raises `InputError` for another name, and
    for float16 on the CPU.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision: unknown {precision}; choose {' or '.join(PRECISIONS)}")
    if precision == "float16" and device.type != "cuda":
        raise InputError("precision: float16 needs a GPU; choose bfloat16 or float32")
    if precision == "float32":
        return torch.autocast(device.type, enabled=False)
    return torch.autocast(device.type, getattr(torch, precision))


def sent(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """`values` on `device`, for which the CPU does not wait, as it would until a GPU has computed all before."""
    return (values.pin_memory() if device.type == "cuda" else values).to(device, non_blocking=True)


def loaders(threads: int, processes: int = 1) -> int:
    """How many of a job's `threads` load data for each of its `processes`: all but one on CUDA.

    None on the CPU, where the networks need every thread, and sharing cores would slow both down.
    """
    return max(0, threads // processes - 1) if torch.cuda.is_available() else 0
