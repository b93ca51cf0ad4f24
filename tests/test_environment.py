"""That every way to install the project installs the same."""

import ctypes
import platform
import re
import runpy
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
WITHOUT_CUDA = runpy.run_path(str(ROOT / "envs/without_cuda.py"))


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
    without = Path(sys.prefix, WITHOUT_CUDA["CHOSEN"]).exists()
    wanted = {
        name: one
        for name, one in LOCK.items()
        if (not one.marker or one.marker.evaluate()) and not (without and WITHOUT_CUDA["CUDA_PACKAGE"].match(name))
    }
    assert {name: version(name) for name, one in wanted.items() if not one.specifier.contains(version(name))} == {}


def test_cuda_is_asked_for_on_linux_alone():
    """PyTorch's builds for macOS have none, and the packages no files for it."""
    cuda = {name for name, one in LOCK.items() if WITHOUT_CUDA["CUDA_PACKAGE"].match(name)}
    assert {"triton", "nvidia-cudnn-cu13", "cuda-toolkit"} <= cuda
    assert {name for name, one in LOCK.items() if one.marker} == cuda
    assert {str(LOCK[name].marker) for name in cuda} == {'sys_platform == "linux"'}


@pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() not in ("x86_64", "aarch64"),
    reason="PyTorch loads CUDA elsewhere not",
)
def test_stand_ins_for_cuda_libraries_can_be_loaded_and_say_that_there_is_no_gpu(tmp_path):
    processor = {"x86_64": 62, "aarch64": 183}[platform.machine()]
    functions = {"cudaGetDeviceCount": "libcudart.so.13", "cublasCreate": "", "cufftPlan": "libcufft.so.12"}
    functions |= {f"cudnn{number}": "" for number in range(200)}
    path = tmp_path / "libcudart.so.13"
    path.write_bytes(WITHOUT_CUDA["empty_library"](path.name, functions, processor))
    code = f"import ctypes; loaded = ctypes.CDLL({str(path)!r})\n"
    code += f"print({{getattr(loaded, name)() for name in {list(functions)}}}, hasattr(loaded, 'cudaMalloc'))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "{100} False\n", run.stderr


@pytest.mark.skipif(platform.system() != "Linux", reason="reads a library of Linux")
def test_what_a_library_takes_from_others_is_read():
    library = next(Path(path) for path in _loaded() if re.search(r"/libm[.-]", path))
    needed, functions = WITHOUT_CUDA["undefined"](library.read_bytes())
    assert "libc.so.6" in needed
    assert any(origin == "libc.so.6" and version.startswith("GLIBC_") for _, origin, version in functions)


def _loaded() -> set[str]:
    ctypes.CDLL("libm.so.6")
    return {line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "/" in line}


def test_conda_installs_the_lock():
    conda = yaml.safe_load((ROOT / "envs/kuzushiji.yaml").read_text())
    (pip,) = [entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict)]
    assert pip == ["--requirement requirements.txt"]  # beside the file, as conda reads it
    wanted = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text())[1]
    assert f"python={wanted}" in conda["dependencies"]


def test_the_container_installs_the_lock_and_its_libraries():
    recipe = (ROOT / "envs/kuzushiji.def").read_text()
    for name in ("requirements.txt", "without_cuda.py"):
        assert f"envs/{name} /opt/kuzushiji/envs/{name}" in recipe
    assert "--requirement /opt/kuzushiji/envs/requirements.txt" in recipe
    # What the tests' machine installs to run anything at all.
    needed = re.search(r"packages=\((.*) strace", (ROOT / ".ci/run").read_text())[1].split()
    assert set(needed) <= set(re.search(r"apt-get install .*", recipe)[0].split())
