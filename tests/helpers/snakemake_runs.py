"""Running Snakemake itself, in a copy of the checkout."""

import atexit
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ("all", "train", "recognize", "evaluate", "report")
# What Snakemake and the rules import: half of a dry run. Nothing of the workflow, of which each checkout has a copy.
_IMPORTED = ["snakemake.cli", "snakemake_executor_plugin_slurm", "snakemake_logger_plugin_rich.handler"]
_IMPORTED += ["mmengine.config", "numpy", "pandas", "pyarrow.compute", "pyarrow.parquet", "scipy.spatial"]
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(_IMPORTED)


def copy_checkout(to: Path) -> Path:
    """The files that git knows or would, with the fonts that set-up fetched."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).exists() and not name.startswith("tests/"):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name, follow_symlinks=False)
    (to / "resources").mkdir(exist_ok=True)
    (to / "resources" / "fonts").symlink_to(ROOT / "resources" / "fonts")
    return to


def snakemake(
    *arguments: str, cwd: Path, check: bool = True, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess:
    """Run Snakemake in `cwd`, with `before` before the command; a test shows what it said if it failed unexpectedly.

    Without `before` it is a fork of a process that has imported what it needs.
    """
    command = [*before, sys.executable, "-m", "snakemake", *arguments]
    environment = os.environ | {"PWD": str(cwd)}  # as a shell there says
    if before:
        run = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    else:
        with tempfile.TemporaryDirectory() as folder:
            said = [Path(folder, name) for name in ("stdout", "stderr")]
            for path in said:
                path.touch()
            fork = _FORKS.Process(target=_main, args=(arguments, cwd, environment, said))
            fork.start()
            fork.join()
            run = subprocess.CompletedProcess(command, fork.exitcode, *(path.read_text() for path in said))
            fork.close()
    if check and run.returncode:
        pytest.fail(f"snakemake {' '.join(arguments)} failed:\n{run.stdout[-5000:]}\n{run.stderr[-10000:]}")
    return run


def _main(arguments: tuple[str, ...], cwd: Path, environment: dict[str, str], said: list[Path]) -> None:
    from snakemake.cli import main

    for stream, path in zip((1, 2), said, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    try:
        main(list(arguments))
    finally:
        atexit._run_exitfuncs()  # as of a process of its own: forks end without


def planned(run: subprocess.CompletedProcess) -> dict[str, int]:
    """The number of jobs a rule that a dry run plans, without the target rules."""
    # The table of the logger that the default profile chooses: it writes rules with spaces.
    table = run.stderr.partition("Job stats")[2].partition(" total ")[0]
    counts = {rule.replace(" ", "_"): int(count) for rule, count in re.findall(r"(?m)^ (\w[\w ]*?) +(\d+) *$", table)}
    assert counts or "Job stats" not in run.stderr
    return {rule: count for rule, count in counts.items() if rule not in TARGETS}
