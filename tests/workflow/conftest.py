"""Running Snakemake itself, in copies of the checkout."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from opened_files import STRACE, traced
from PIL import Image
from snakemake_runs import ROOT, copy_checkout, planned, snakemake

__all__ = ["ROOT", "copy_checkout", "planned", "run_miniature", "snakemake"]

MINIATURE = Path(__file__).parent / "miniature.yaml"


class Miniature(NamedTuple):
    checkout: Path
    trace: Path  # of the system calls of the run, where strace is installed


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_checkout(tmp_path / "checkout")


def run_miniature(*arguments: str, cwd: Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    """Run Snakemake with the miniature's settings; `before` is put before the command."""
    settings = ["--configfile", "profiles/demo/settings.yaml", str(MINIATURE)]
    return snakemake("--cores", "2", *settings, *arguments, cwd=cwd, before=before)


@pytest.fixture(scope="session")
def miniature(tmp_path_factory) -> Miniature:
    """A checkout in which the whole workflow ran once in miniature. Tests that change it work on a copy."""
    folder = tmp_path_factory.mktemp("miniature")
    checkout = copy_checkout(folder / "checkout")
    run_miniature(cwd=checkout, before=tuple(traced(folder / "trace")) if STRACE else ())
    return Miniature(checkout, folder / "trace")


@pytest.fixture(scope="session")
def later(miniature, tmp_path_factory) -> Miniature:
    """A copy of the miniature's checkout in which ran what comes after its first round, and beside all rounds."""
    folder = tmp_path_factory.mktemp("later")
    checkout = copied(miniature.checkout, folder / "checkout")
    targets = [
        "--config",
        "round=refine",
        "--",
        "all",
        "benchmarks",
        "export",
        "results/book_classifier/test/tables.html",
    ]
    targets += ["results/refine/aligned/test.csv", "results/refine/verdict/test.md"]
    run_miniature(*targets, cwd=checkout, before=tuple(traced(folder / "trace")) if STRACE else ())
    return Miniature(checkout, folder / "trace")


@pytest.fixture(scope="session")
def corrected(later, tmp_path_factory) -> Miniature:
    """A copy of the later checkout in which a PDF of one page was read, with a correction, into every format."""
    folder = tmp_path_factory.mktemp("corrected")
    checkout = copied(later.checkout, folder / "checkout")
    (checkout / "scans").mkdir()
    drawn = sorted((checkout / "results/synthetic/drawn_test/images").glob("hana*.jpg"))[0]
    Image.open(drawn).save(checkout / "scans/book.pdf", resolution=300)
    (checkout / "scans/corrections.csv").write_text("image_id,labels\nbook_0001,U+3042 10 20 30 40\n")
    read = ["--profile", "profiles/read", "--config", "read=scans", "formats=all", "--", "read"]
    run = snakemake(*read, cwd=checkout, before=tuple(traced(folder / "trace")) if STRACE else ())
    (folder / "said").write_text(run.stdout)
    return Miniature(checkout, folder / "trace")


@pytest.fixture(scope="module")
def done(miniature, tmp_path_factory) -> Path:
    """A copy of the miniature's checkout, for the tests of one file to change."""
    return copied(miniature.checkout, tmp_path_factory.mktemp("copy") / "checkout")


def copied(checkout: Path, to: Path) -> Path:
    return shutil.copytree(checkout, to, symlinks=True)
