"""A job's GPUs, on a machine that pretends to have some: PyTorch, too, is pretended, and counts as NVIDIA's library."""

import os
import re
import signal
import subprocess
import sys

import pytest
from snakemake_runs import ROOT

from kuzushiji.common import gpus
from kuzushiji.common.errors import InputError

JOB = """
import os, sys, time, types
machine = sys.argv[1].split(",")
def device_count():
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return len(machine if named is None else [name for name in named.split(",") if name in machine])
cuda = types.SimpleNamespace(device_count=device_count, is_available=lambda: device_count() > 0)
sys.modules["torch"] = types.SimpleNamespace(cuda=cuda)
from kuzushiji.common import gpus
gpus.EVERY = 0.1
gpus.logging.info = lambda text, *values: print(text % values, flush=True)
gpus.claim(int(sys.argv[2]))
print("has", os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path):
    """A function that starts a job of so many GPUs, with further variables, on a machine with GPUs 0 and 1."""
    jobs = []

    def started(count, **variables):
        usual = {key: os.environ[key] for key in os.environ if key not in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID")}
        environment = usual | {"TMPDIR": str(tmp_path)} | variables
        command = [sys.executable, "-c", JOB, "0,1,2,3" if "CUDA_VISIBLE_DEVICES" in variables else "0,1", str(count)]
        jobs.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment))
        return jobs[-1]

    yield started
    for job in jobs:
        job.kill()
        job.wait()


def given(job):
    """The GPUs that a job has, as soon as it has them; None if it waits."""
    for line in job.stdout:
        if line.startswith("waiting"):
            return None
        if line.startswith("has"):
            return line.split()[1]
    raise AssertionError("the job ended")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_every_job_has_a_gpu_of_its_own_which_comes_free_with_its_end(start, end):
    first, second = start(1), start(1)
    assert {given(first), given(second)} == {"0", "1"}
    third = start(1)
    assert given(third) is None
    first.send_signal(end)
    first.wait()
    assert given(third) in "01"


def test_a_job_that_waits_for_several_gpus_holds_none(start):
    first, both = start(1), start(2)
    if (found := given(both)) is not None:  # it was the first
        assert found == "0,1"
        return
    third = start(1)
    assert (given(third) or given(third)) in "01"  # it may look just while the other looks
    first.kill()
    assert both.poll() is None


def test_the_users_choice_of_gpus_is_kept(start):
    chosen = {"CUDA_VISIBLE_DEVICES": "3,1"}
    assert {given(start(1, **chosen)), given(start(1, **chosen))} == {"3", "1"}
    assert given(start(1, **chosen)) is None


def test_slurms_choice_of_gpus_stands(start):
    """Each job of a node may see its own GPU as the first."""
    chosen = {"CUDA_VISIBLE_DEVICES": "0", "SLURM_JOB_ID": "7"}
    assert [given(start(1, **chosen)), given(start(1, **chosen))] == ["0", "0"]
    whole = {"CUDA_VISIBLE_DEVICES": "0,1", "SLURM_JOB_ID": "8"}  # an allocation in which Snakemake runs
    assert {given(start(1, **whole)), given(start(1, **whole))} == {"0", "1"}


@pytest.mark.parametrize(("there", "wanted", "device", "visible"), [(0, 1, "auto", None), (2, 1, "cpu", "")])
def test_a_job_may_go_on_without_a_gpu(monkeypatch, there, wanted, device, visible):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")  # so that it is put back
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr("torch.cuda.device_count", lambda: there)
    gpus.claim(wanted, device)
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == visible


def test_a_job_without_the_gpus_that_it_needs_ends_at_once(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with pytest.raises(InputError, match=r"^device: this job has to run on a GPU and PyTorch finds none; .*device=cpu"):
        gpus.claim(1, "cuda")
    with pytest.raises(InputError, match="device: unknown gpu; choose auto or cuda or cpu"):
        gpus.claim(1, "gpu")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    with pytest.raises(InputError, match="gpu: this job sees 1 GPUs, not 2; ask for fewer"):
        gpus.claim(2)


def test_every_job_with_a_gpu_claims_it_before_its_work():
    scripts = set()
    for file in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"(?m)^rule ", file.read_text()):
            if re.search(r"(?m)^ +gpu=", rule):
                scripts.add(re.search(r'script:\s+"(.+)"', rule)[1])
    assert len(scripts) == 9
    for script in scripts:
        lines = (ROOT / "workflow/rules" / script).read_text().splitlines()
        (claimed,) = [number for number, line in enumerate(lines) if "claim(" in line]
        assert "log_to(" in lines[claimed - 1]
