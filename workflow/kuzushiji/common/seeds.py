"""Seeds and states of random numbers."""

import random

import numpy as np
import torch


def seed_of(*numbers: int) -> int:
    """A seed of 32 bits for a combination of numbers, such as a training's seed and its epoch."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def random_state(rng: np.random.Generator, noise: torch.Generator) -> dict:
    """The states of two generators and of all global ones, of plain numbers and tensors, for `set_random_state`."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 (timm draws from it)
    return {
        "rng": rng.bit_generator.state,
        "noise": noise.get_state(),
        "python": random.getstate(),
        "numpy": [name, torch.from_numpy(keys.astype(np.int64)), *rest],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def set_random_state(state: dict, rng: np.random.Generator, noise: torch.Generator) -> None:
    """Let all generators go on from the state that `random_state` gave."""
    rng.bit_generator.state = state["rng"]
    noise.set_state(state["noise"])
    random.setstate(state["python"])
    name, keys, *rest = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
