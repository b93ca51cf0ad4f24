"""That `make setup CPU=1` works, and what it saves; part of `make test-install`."""

import platform
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ["tests/test_environment.py", "tests/detector/test_networks.py", "tests/detector/test_mmcv_ops.py"]


@pytest.mark.skipif(platform.system() != "Linux", reason="PyTorch has CUDA on Linux alone")
def test_a_set_up_without_cuda_works(tmp_path):
    subprocess.run(["git", "worktree", "add", "--detach", tmp_path / "checkout"], cwd=ROOT, check=True)
    try:
        checkout = tmp_path / "checkout"
        subprocess.run(["make", ".venv/installed", "CPU=1"], cwd=checkout, check=True)
        size = sum(path.lstat().st_size for path in (checkout / ".venv").rglob("*") if path.is_file())
        print(f"{size / 1e9:.1f} GB")
        assert size < 3e9
        packages = next((checkout / ".venv/lib").glob("python3*/site-packages"))
        assert not {"nvidia", "triton", "cuda"} & {path.name for path in packages.iterdir()}
        subprocess.run([".venv/bin/python", "-m", "pytest", *TESTS], cwd=checkout, check=True)
        # It stays so when the lock changes.
        (checkout / "envs/requirements.txt").touch()
        subprocess.run(["make", ".venv/installed"], cwd=checkout, check=True)
        assert not (packages / "triton").exists()
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tmp_path / "checkout"], cwd=ROOT, check=True)
