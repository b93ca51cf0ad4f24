"""No stage reads a file or a setting that it does not declare."""

import ast
import base64
import json
import re
from pathlib import Path

import pytest
from opened_files import STRACE, Job, opened_files
from snakemake_runs import ROOT

NEEDS_STRACE = pytest.mark.skipif(not STRACE, reason="strace, which tells the files that jobs open, is not installed")


def records(checkout: Path) -> dict[str, dict]:
    """What Snakemake noted of every job, by the job's log; `made` are its outputs."""
    found = {}
    for path in (checkout / ".snakemake/metadata").rglob("*"):
        if path.is_file():
            record = json.loads(path.read_text())
            name = base64.b64decode("".join(path.relative_to(checkout / ".snakemake/metadata").parts).replace("@", ""))
            found.setdefault(record["log"][0], {**record, "made": []})["made"].append(name.decode())
    return found


def undeclared(job: Job, record: dict, checkout: Path) -> list[str]:
    """What a job read in the checkout, besides code, and no input or state of its own; what it wrote and no output."""
    states = [parameter["state"] for parameter in map(ast.literal_eval, record["params"]) if "state" in parameter]
    own = [*record["made"], *record["log"], *states]
    code = [f"workflow/{folder}" for folder in ("kuzushiji", "scripts", "rules")] + [".snakemake"]
    return sorted(
        str(path.relative_to(checkout))
        for opened, names in ((job.read, own + record["input"] + code), (job.written, own))
        for path in map(whole, opened)
        if checkout in path.parents
        and path != checkout / "workflow"
        and not any(path.is_relative_to(checkout / name) for name in names)
    )


def whole(path: Path) -> Path:
    """A file that `kuzushiji.files.replacing` writes, by the name that it will have."""
    partial = re.fullmatch(r"\.(.+)\.\d+(\.\w+)?", path.name)
    return path.with_name(partial[1] + (partial[2] or "")) if partial else path


@pytest.fixture(scope="module")
def jobs(miniature):
    """Every job of the miniature with Snakemake's record of it."""
    noted = records(miniature.checkout)
    found = []
    for job in opened_files(miniature.trace):
        logs = [str(path.relative_to(miniature.checkout)) for path in job.written if miniature.checkout in path.parents]
        (log,) = [name for name in logs if name in noted]
        found.append((job, noted[log]))
    return found


@NEEDS_STRACE
def test_every_job_is_seen(jobs, miniature):
    scripted = {record["rule"] for record in records(miniature.checkout).values()} - {"final_submission"}
    assert {record["rule"] for _, record in jobs} == scripted
    assert len(scripted) > 25


@NEEDS_STRACE
def test_no_job_opens_a_file_that_it_does_not_declare(jobs, miniature):
    found = {record["log"][0]: undeclared(job, record, miniature.checkout) for job, record in jobs}
    assert {log: names for log, names in found.items() if names} == {}


@NEEDS_STRACE
def test_a_job_that_reads_more_is_found(jobs, miniature):
    job, record = jobs[0]
    more = Job(job.script, job.read | {miniature.checkout / "config.yaml"})
    assert undeclared(more, record, miniature.checkout) == ["config.yaml"]
    assert undeclared(job, {**record, "input": []}, miniature.checkout)
    more = Job(job.script, job.read, job.written | {miniature.checkout / "results/more.csv"})
    assert undeclared(more, record, miniature.checkout) == ["results/more.csv"]


@NEEDS_STRACE
def test_no_job_runs_code_that_does_not_count_as_its_own(jobs, miniature):
    """Every module that was loaded is among those whose change reruns the job."""
    library = miniature.checkout / "workflow/kuzushiji"
    for job, _ in jobs:
        ran = {path.stem for path in job.read if path.parent == library and path.suffix == ".py"} - {"__init__"}
        assert ran <= counted(job.script), job.script


def counted(script: str) -> set[str]:
    """The library's modules that a script imports, directly or not, by reading them."""
    waiting, found = [ROOT / f"workflow/scripts/{script}.py"], set()
    while waiting:
        for node in ast.walk(ast.parse(waiting.pop().read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                path = ROOT / "workflow" / f"{name.replace('.', '/')}.py"
                if name.startswith("kuzushiji.") and path.exists() and path.stem not in found:
                    found.add(path.stem)
                    waiting.append(path)
    return found


def test_scripts_see_the_settings_that_their_rules_declare_and_no_others():
    for path in (ROOT / "workflow/scripts").glob("*.py"):
        used = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "snakemake"
        }
        more = {"config"} if path.stem == "provenance" else set()  # which tells of it, and makes nothing else of it
        assert used <= {"input", "output", "params", "log", "threads", "resources", "wildcards"} | more, path.name
