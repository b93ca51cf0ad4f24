"""No stage reads a file or a setting that it does not declare."""

import ast

import pytest
from declared_files import counted, records, traced_jobs, undeclared
from opened_files import STRACE, Job
from snakemake_runs import ROOT

NEEDS_STRACE = pytest.mark.skipif(not STRACE, reason="strace, which tells the files that jobs open, is not installed")
# Published weights: test_published.py. The others have no input in the checkout.
FROM_OUTSIDE = {"download", "checksum", "import_detector", "import_classifier", "import_booster", "import_detections"}
FROM_OUTSIDE |= {"pretrained_detector", "pretrained_classifier", "competition_data", "fetch"}
FROM_OUTSIDE |= {"strokes", "hand", "import_small_detector", "import_small_classifier", "adapt_classifier"}


@pytest.fixture(scope="module")
def runs(miniature, later, corrected):
    """The miniature's runs: the checkout, and every job with Snakemake's record of it."""
    return [(run.checkout, traced_jobs(run.checkout, run.trace)) for run in (miniature, later, corrected)]


@NEEDS_STRACE
def test_every_script_is_seen(runs, miniature):
    first, later, read = [{record["rule"] for _, record in jobs} for _, jobs in runs]
    assert first == {record["rule"] for record in records(miniature.checkout).values()} - {
        "final_submission",
        "snapshot",
    }
    seen = {job.script for _, jobs in runs for job, _ in jobs}
    scripts = {path.stem for path in (ROOT / "workflow/scripts").glob("*.py")} - {"plain"}  # which another imports
    assert scripts - seen == FROM_OUTSIDE
    assert {"pseudo_labels", "nearest_books", "detection_modes"} <= later
    assert {"unpack", "unreadable", "correct", "tei", "pdf", "docx"} <= read


@NEEDS_STRACE
def test_no_job_opens_a_file_that_it_does_not_declare(runs):
    found = {record["log"][0]: undeclared(job, record, checkout) for checkout, jobs in runs for job, record in jobs}
    assert {log: names for log, names in found.items() if names} == {}


@NEEDS_STRACE
def test_a_job_that_reads_more_is_found(runs):
    checkout, jobs = runs[0]
    job, record = jobs[0]
    more = Job(job.script, job.read | {checkout / "config.yaml"})
    assert undeclared(more, record, checkout) == ["config.yaml"]
    assert undeclared(job, {**record, "input": []}, checkout)
    more = Job(job.script, job.read, job.written | {checkout / "results/more.csv"})
    assert undeclared(more, record, checkout) == ["results/more.csv"]


@NEEDS_STRACE
def test_no_job_runs_code_that_does_not_count_as_its_own(runs):
    """Every module that was loaded is among those whose change reruns the job."""
    for checkout, jobs in runs:
        library = checkout / "workflow/kuzushiji"
        for job, _ in jobs:
            read = {path for path in job.read if library in path.parents and path.suffix == ".py"}
            ran = {str(path.relative_to(library)) for path in read if path.name != "__init__.py"}  # which are empty
            assert ran <= counted(job.script), job.script


def test_scripts_see_the_settings_that_their_rules_declare_and_no_others():
    for path in (ROOT / "workflow/scripts").glob("*.py"):
        used = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "snakemake"
        }
        more = {"config"} if path.stem == "provenance" else set()  # which tells of it, and makes nothing else of it
        assert used <= {"input", "output", "params", "log", "threads", "resources", "wildcards"} | more, path.name
