"""Seeds of random numbers."""

import numpy as np


def seed_of(*numbers: int) -> int:
    """A seed of 32 bits for a combination of numbers, such as a training's seed and its epoch."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
