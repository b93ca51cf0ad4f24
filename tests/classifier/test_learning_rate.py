import numpy as np
import pytest
import torch

from kuzushiji.classifier.learning_rate import schedule
from kuzushiji.common.errors import InputError


def rates(settings, steps, epochs):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], settings["base_learning_rate"])
    plan = schedule(optimizer, settings, steps)
    found = []
    for update in range(steps * epochs):
        plan.step_update(update)
        found.append(optimizer.param_groups[0]["lr"])
    return np.array(found).reshape(epochs, steps)


def test_multistep_changes_the_rate_with_the_first_update_of_an_epoch():
    settings = {"base_learning_rate": 0.1, "warmup_epochs": 2}
    found = rates({**settings, "schedule": {"kind": "multistep", "milestones": [4, 6], "factor": 0.1}}, 5, 8)
    assert (np.diff(found[:2].ravel()) > 0).all() and 0 < found[0, 0] < 0.02
    np.testing.assert_allclose(np.diff(found[:2].ravel()), np.diff(found[:2].ravel())[0])
    np.testing.assert_allclose(found[2:4], 0.1)
    np.testing.assert_allclose(found[4:6], 0.01)
    np.testing.assert_allclose(found[6:], 0.001)


def test_cosine_starts_after_the_warmup():
    settings = {"base_learning_rate": 0.1, "warmup_epochs": 2}
    found = rates({**settings, "schedule": {"kind": "cosine", "period": 4, "minimum": 1e-3}}, 5, 8).ravel()
    assert found.argmax() == 10 and found[10] == pytest.approx(0.1)
    angle = np.pi * np.arange(20) / 20
    np.testing.assert_allclose(found[10:30], 1e-3 + 0.5 * (0.1 - 1e-3) * (1 + np.cos(angle)))
    np.testing.assert_allclose(found[30:], 1e-3)


def test_an_unknown_schedule_is_refused():
    with pytest.raises(InputError, match="zigzag"):
        rates({"base_learning_rate": 0.1, "warmup_epochs": 0, "schedule": {"kind": "zigzag"}}, 1, 1)
