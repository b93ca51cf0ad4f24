"""Which device the networks run on."""

import logging

import torch


def device() -> torch.device:
    """CUDA where it is there, else the CPU; the log says which."""
    chosen = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if chosen.type == "cuda" else f"{torch.get_num_threads()} threads"
    logging.info("running on %s (%s)", chosen.type, name)
    return chosen
