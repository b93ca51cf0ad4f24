"""That the container's definition builds in a clean Debian and reads pages there; part of `make test-install`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FONTS = HERE.parents[1] / "resources/fonts"


@pytest.mark.skipif(
    not shutil.which("debootstrap") or os.geteuid() != 0,
    reason="needs root, and debootstrap: apt-get install debootstrap",
)
@pytest.mark.skipif(not any(FONTS.glob("*.ttf")), reason="needs fonts: run `bash envs/fonts.sh`")
@pytest.mark.parametrize("cpu", ["1", ""])
def test_the_container_reads_pages(cpu, tmp_path):
    root = tmp_path / "root"
    read = [
        "snakemake",
        "--profile",
        "profiles/read",
        "--config",
        "read=resources/samples",
        "round=small",
        "--",
        "read",
    ]
    try:
        subprocess.run(["bash", HERE / "clean_root.sh", root, cpu, *read], check=True)
        (text,) = (root / "checkout/results/small/text").glob("*")
        assert len(list(text.iterdir())) >= 2
        (viewer,) = (root / "checkout/results/small/viewer").glob("*.html")
        assert viewer.stat().st_size > 100_000
    finally:
        shutil.rmtree(root)
