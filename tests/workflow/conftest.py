"""Running Snakemake itself, in copies of the checkout."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock
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
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], None]], Miniature]:
    """A function that has `make(folder)` make a checkout and its trace, once for all of pytest-xdist's processes.

    The first that asks makes it, the others wait. If it fails, the next that asks tries again, and says why it fails.
    """
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, make: Callable[[Path], None]) -> Miniature:
        folder = common / name
        with FileLock(common / f"{name}.lock"):
            if not (folder / "made").exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                (folder / "made").touch()
        return Miniature(folder / "checkout", folder / "trace")

    return made


@pytest.fixture(scope="session")
def miniature(once) -> Miniature:
    """A checkout in which the whole workflow ran once in miniature. Tests that change it work on a copy."""

    def make(folder: Path) -> None:
        checkout = copy_checkout(folder / "checkout")
        run_miniature(cwd=checkout, before=tuple(traced(folder / "trace")) if STRACE else ())

    return once("miniature", make)


@pytest.fixture(scope="session")
def later(miniature, once) -> Miniature:
    """A copy of the miniature's checkout in which ran what comes after its first round, and beside all rounds."""
    targets = ["all", "benchmarks", "export", "results/book_classifier/test/tables.html"]
    targets += ["results/refine/aligned/test.csv", "results/refine/verdict/test.md"]

    def make(folder: Path) -> None:
        checkout = copied(miniature.checkout, folder / "checkout")
        before = tuple(traced(folder / "trace")) if STRACE else ()
        run_miniature("--config", "round=refine", "--", *targets, cwd=checkout, before=before)

    return once("later", make)


@pytest.fixture(scope="session")
def corrected(later, once) -> Miniature:
    """A copy of the later checkout in which a PDF of one page was read, with a correction, into every format."""

    def make(folder: Path) -> None:
        checkout = copied(later.checkout, folder / "checkout")
        (checkout / "scans").mkdir()
        drawn = sorted((checkout / "results/synthetic/drawn_test/images").glob("hana*.jpg"))[0]
        Image.open(drawn).save(checkout / "scans/book.pdf", resolution=300)
        (checkout / "scans/corrections.csv").write_text("image_id,labels\nbook_0001,U+3042 10 20 30 40\n")
        read = ["--profile", "profiles/read", "--config", "read=scans", "formats=all", "--", "read"]
        run = snakemake(*read, cwd=checkout, before=tuple(traced(folder / "trace")) if STRACE else ())
        (folder / "said").write_text(run.stdout)

    return once("corrected", make)


@pytest.fixture(scope="module")
def done(miniature, tmp_path_factory) -> Path:
    """A copy of the miniature's checkout, for the tests of one file to change."""
    return copied(miniature.checkout, tmp_path_factory.mktemp("copy") / "checkout")


def copied(checkout: Path, to: Path) -> Path:
    """A copy of a checkout, without what runs that plan there at the same time may be writing."""

    def of_runs(folder: str, names: list[str]) -> set[str]:
        return {"log", "runs", "locks"} & set(names) if Path(folder).name == ".snakemake" else set()

    return shutil.copytree(checkout, to, symlinks=True, ignore=of_runs)
