"""Which device the networks run on."""

import logging

import torch


def device(workers: int = 0) -> torch.device:
    """CUDA if available, else the CPU; the log says which.

    On the CPU PyTorch leaves `workers` of this job's threads to the processes that load its data: sharing cores with
    them would slow both down.
    """
    if torch.cuda.is_available():
        logging.info("running on cuda (%s)", torch.cuda.get_device_name())
        return torch.device("cuda")
    torch.set_num_threads(max(1, torch.get_num_threads() - workers))
    logging.info("running on cpu (%d threads)", torch.get_num_threads())
    return torch.device("cpu")


def loaders(threads: int, processes: int = 1) -> int:
    """How many of a job's `threads` load data for each of its `processes`: all but one on CUDA, none on the CPU."""
    return max(0, threads // processes - 1) if torch.cuda.is_available() else 0
