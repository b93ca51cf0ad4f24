"""Running Snakemake itself, in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = ("all", "train", "recognize", "evaluate", "report")


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
    """Run Snakemake in `cwd`, with `before` before the command; a test shows what it said if it failed unexpectedly."""
    command = [*before, sys.executable, "-m", "snakemake", *arguments]
    environment = os.environ | {"PWD": str(cwd)}  # as a shell there says
    run = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if check and run.returncode:
        pytest.fail(f"snakemake {' '.join(arguments)} failed:\n{run.stdout[-5000:]}\n{run.stderr[-10000:]}")
    return run


def planned(run: subprocess.CompletedProcess) -> dict[str, int]:
    """The number of jobs a rule that a dry run plans, without the target rules."""
    # The table of the logger that the default profile chooses: it writes rules with spaces.
    table = run.stderr.partition("Job stats")[2].partition(" total ")[0]
    counts = {rule.replace(" ", "_"): int(count) for rule, count in re.findall(r"(?m)^ (\w[\w ]*?) +(\d+) *$", table)}
    assert counts or "Job stats" not in run.stderr
    return {rule: count for rule, count in counts.items() if rule not in TARGETS}
