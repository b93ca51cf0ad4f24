"""The commands of the Makefile, and of a cluster."""

import subprocess

import pytest


def test_a_killed_run_of_another_directory_is_not_taken_up(checkout):
    """Its jobs would not be found in the queue, and write on."""
    command = ["bash", "slurm/resume.sh", "--directory", "trials/wide"]
    run = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert run.returncode and "give an experiment a clone" in run.stderr


def test_make_says_where_it_works(checkout, monkeypatch):
    """Profiles name files by PWD, which `make -C` itself leaves as it was."""
    monkeypatch.setenv("PWD", "/")
    command = ["make", "--silent", "-C", checkout, "--eval", "where:\n\tprintenv PWD", "where"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == f"{checkout}\n"


def test_make_passes_on_what_was_typed(checkout):
    """With a command in the place of Snakemake that notes its arguments."""
    odd = """it's "a" $b $(touch x) `touch x` #3 ${HOME}  'q'"""
    (checkout / odd / "results").mkdir(parents=True)
    program = checkout / "bin/snakemake"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\" > said\n")
    program.chmod(0o755)
    (checkout / ".venv").mkdir()
    (checkout / ".venv/installed").touch()

    def said(target, **variables):
        old = ["-o", ".venv/installed", "-o", "resources/fonts/.fetched"]
        given = [f"{name}={value}" for name, value in variables.items()]
        command = ["make", "--silent", *old, "BIN=bin", target, *given]
        subprocess.run(command, cwd=checkout, check=True, capture_output=True)
        assert not (checkout / "x").exists()
        return (checkout / "said").read_text().split("\0")[:-1]

    assert said("read") == ["--profile", "profiles/read", "--config", "read=resources/samples", "--", "read"]
    read = ["--profile", "profiles/read", "--directory", odd, "--config", f"read={odd}", "round=small", "--", "read"]
    assert said("read", IMAGES=odd, MODELS=odd, WEIGHTS="small") == read
    quick = ["--profile", "profiles/read", "--configfile", "profiles/read/quick.yaml", "--config"]
    assert said("read", WEIGHTS="published", QUICK="1")[: len(quick)] == quick
    address = "https://library.example/manifest.json?a=1&b=2#x"
    some = ["--profile", "profiles/read", "--config", f"read={address}", "page_range=1,3-", "--", "read"]
    assert said("read", IMAGES=address, PAGES="1,3-") == some
    adapt = ["--profile", "profiles/adapt", "--directory", "adapted", "--config", f"read={odd}", f"adapt={odd}"]
    assert said("adapt", IMAGES=odd, LABELS=odd) == [*adapt, "--", "adapt"]
    with pytest.raises(subprocess.CalledProcessError) as error:
        said("read", MODELS="none")
    assert b"none: holds no results of a run" in error.value.stderr
