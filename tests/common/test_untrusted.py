"""Files of weights, whole, damaged, and read in a bad moment."""

import random

import pytest
import torch

from kuzushiji.common.errors import InputError
from kuzushiji.common.untrusted import read_untrusted


@pytest.mark.parametrize("archive", [True, False])
def test_any_damage_is_bad_input(tmp_path, archive):
    path, draw = tmp_path / "a.pth", random.Random(0)
    content = {"weights": {"a": torch.ones(20, 20)}, "numbers": [1, 2.0, None]}
    torch.save(content, path, _use_new_zipfile_serialization=archive)
    assert read_untrusted(path)["numbers"] == [1, 2.0, None]
    whole, refused = path.read_bytes(), 0
    for _ in range(300):
        part = bytearray(whole[: draw.choice([len(whole), draw.randrange(len(whole))])])
        for _ in range(draw.choice([1, 3, 10])):
            part[draw.randrange(len(part))] = draw.randrange(256)
        path.write_bytes(part)
        try:
            read_untrusted(path, remedy="make it again")
        except InputError as error:
            refused += 1
            assert str(error).startswith(f"{path}: cannot be read") and str(error).endswith("; make it again")
            assert error.__cause__
    assert refused > 100


@pytest.mark.parametrize("problem", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")])
def test_what_is_not_the_files_fault_is_not_called_damage(tmp_path, monkeypatch, problem):
    def load(*_, **__):
        raise problem

    monkeypatch.setattr(torch, "load", load)
    with pytest.raises(type(problem)) as caught:
        read_untrusted(tmp_path / "a.pth")
    assert caught.value is problem
