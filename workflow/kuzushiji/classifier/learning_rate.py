"""The learning rate schedule of a classifier's training."""

import torch
from timm.scheduler import CosineLRScheduler, MultiStepLRScheduler
from timm.scheduler.scheduler import Scheduler

from kuzushiji.common.errors import InputError


def schedule(optimizer: torch.optim.Optimizer, settings: dict, steps: int) -> Scheduler:
    """The schedule of the learning rate, set by `step_update(update)`, with `steps` updates per epoch.

    Linear warm-up from near 0 over `warmup_epochs`; then a multiplication by `factor` at each of `milestones`, counted
    from the first epoch, or a cosine over the `period` epochs after the warm-up, down to `minimum`. Raises `InputError`
    for another kind.
    """
    chosen = settings["schedule"]
    warmup = round(settings["warmup_epochs"] * steps)
    common = {
        "warmup_t": warmup,
        "warmup_lr_init": settings["base_learning_rate"] / (warmup + 1),
        "t_in_epochs": False,
    }
    if chosen["kind"] == "multistep":
        # timm changes the rate one update ahead of a milestone.
        milestones = [epoch * steps + 1 for epoch in chosen["milestones"]]
        return MultiStepLRScheduler(optimizer, milestones, chosen["factor"], warmup_prefix=False, **common)
    if chosen["kind"] == "cosine":
        period = chosen["period"] * steps
        return CosineLRScheduler(optimizer, period, lr_min=chosen["minimum"], warmup_prefix=True, **common)
    raise InputError(f"schedule: unknown kind {chosen['kind']}; choose multistep or cosine")
