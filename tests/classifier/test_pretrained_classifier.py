"""ImageNet weights for classifiers, from a hub that stands in for timm's."""

import os
import subprocess
import sys

import pytest
import timm
import torch
from safetensors.torch import load_file

from kuzushiji.classifier.pretrained_classifier import fetch_classifier
from kuzushiji.common.errors import InputError

FETCH = """
import sys
from kuzushiji.classifier.pretrained_classifier import fetch_classifier
fetch_classifier(*sys.argv[1:])
"""


def fetch(endpoint, home, architecture, destination):
    # The hub's address is read once, when a process starts.
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-c", FETCH, architecture, str(destination)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_timms_weights_are_fetched_and_kept_whole(hub, tmp_path):
    endpoint, weights = hub
    destination = tmp_path / "test_resnet.safetensors"
    run = fetch(endpoint, tmp_path / "home", "test_resnet", destination)
    assert run.returncode == 0, run.stderr
    (tmp_path / "plain").touch()
    assert destination.stat().st_mode == (tmp_path / "plain").stat().st_mode  # colleagues may read it
    found = load_file(destination)
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], value) for name, value in weights.items())


def test_where_the_hub_has_none_the_ways_out_are_told(hub, tmp_path):
    destination = tmp_path / "test_vit.safetensors"
    run = fetch(hub[0], tmp_path / "home", "test_vit", destination)
    assert run.returncode and not destination.exists()
    assert f"in timm's names at {destination}, or set pretrained: false" in run.stderr


def test_weights_in_two_places_are_kept(tmp_path, monkeypatch):
    model = timm.create_model("coat_lite_tiny")
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: model)
    fetch_classifier("coat_lite_tiny", tmp_path / "weights.safetensors")
    assert load_file(tmp_path / "weights.safetensors").keys() == model.state_dict().keys()


def test_what_timm_does_not_know_is_named(tmp_path):
    with pytest.raises(InputError, match="timm knows no resnet_of_mine"):
        fetch_classifier("resnet_of_mine", tmp_path / "weights.safetensors")
    # It knows this one, without weights.
    with pytest.raises(InputError, match="set pretrained: false"):
        fetch_classifier("lcnet_035", tmp_path / "weights.safetensors")
