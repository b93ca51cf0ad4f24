"""That every way to install the project installs the same."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def requirements(name: str) -> dict[str, Requirement]:
    """What a requirements file asks for, by name."""
    lines = [line.split(" #")[0].strip() for line in (ROOT / "envs" / name).read_text().splitlines()]
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", wanted.name).lower(): wanted for wanted in found}


LOCK = requirements("requirements.txt")


def pinned(name: str) -> str:
    (pin,) = LOCK[name].specifier
    assert pin.operator == "=="
    return pin.version


def test_the_lock_pins_everything():
    assert all(pinned(name) for name in LOCK)


@pytest.mark.parametrize("name", requirements("requirements.in"))
def test_the_lock_has_what_is_used_directly(name):
    wanted = requirements("requirements.in")[name]
    assert wanted.specifier.contains(pinned(name)) if wanted.specifier else pinned(name)


def test_what_is_installed_is_the_lock():
    assert {name: version(name) for name in LOCK} == {name: pinned(name) for name in LOCK}


def test_conda_installs_the_lock():
    conda = yaml.safe_load((ROOT / "envs/kuzushiji.yaml").read_text())
    (pip,) = [entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict)]
    assert pip == ["--requirement requirements.txt"]  # beside the file, as conda reads it
    assert f"python={python_of_the_container()}" in conda["dependencies"]


def test_the_container_installs_the_lock_and_its_libraries():
    recipe = (ROOT / "envs/kuzushiji.def").read_text()
    assert "envs/requirements.txt /opt/kuzushiji/requirements.txt" in recipe
    assert "--requirement /opt/kuzushiji/requirements.txt" in recipe
    # What the tests' machine installs to run anything at all.
    needed = re.search(r"packages=\((.*) strace", (ROOT / ".ci/run").read_text())[1].split()
    assert set(needed) <= set(re.search(r"apt-get install .*", recipe)[0].split())


def python_of_the_container() -> str:
    found = re.search(r"From: python:([\d.]+)-slim", (ROOT / "envs/kuzushiji.def").read_text())[1]
    wanted = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[1]
    assert found == wanted
    return found
