"""A part of the miniature workflow through a real Slurm of one node and two (fake) GPUs.

`make test-cluster` installs what this needs. One story, since each job costs seconds of start-up and polling: a
training hangs until its time is up, its second attempt loses its controller, a detection is cancelled, the node is
drained; and in the end every file is the one that an undisturbed run on this machine gives.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from snakemake_runs import ROOT, copy_checkout, planned, snakemake

from kuzushiji.common.files import checksum
from kuzushiji.common.state import locked

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
SETTINGS = [
    "--configfile",
    "profiles/demo/settings.yaml",
    str(ROOT / "tests/workflow/miniature.yaml"),
    str(HERE / "settings.yaml"),
]
DETECTIONS = ["results/detections/test/000020.parquet", "results/detections/test/000040.parquet"]
SLURM = ["--slurm-init-seconds-before-status-checks", "3"]
# What the profile leaves alone: as many threads as the run without Slurm has, since sums depend on them.
THREADS = ["--set-threads", "detector=2", "detect=2", "denoise=2"]


@pytest.fixture(scope="module")
def start_cluster(tmp_path_factory):
    if os.geteuid() != 0 or not shutil.which("slurmctld"):
        pytest.skip("a Slurm for tests needs root and Slurm's packages: run `make test-cluster`")

    def start(*options: str) -> None:
        """Start a new cluster in place of the one that is there."""
        subprocess.run(["bash", HERE / "start.sh", tmp_path_factory.mktemp("slurm"), *options], check=True)

    with locked(Path(tempfile.gettempdir()) / "kuzushiji-test-cluster"):  # a living run keeps its own
        subprocess.run(["bash", HERE / "stop.sh"], check=True)  # what a killed run left
        yield start
        subprocess.run(["bash", HERE / "stop.sh"], check=True)


@pytest.fixture(scope="module")
def accounting(start_cluster):
    """A cluster that keeps accounts, and with them its ended jobs."""
    start_cluster("--accounting")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A checkout in which the detections were made on this machine."""
    checkout = copy_checkout(tmp_path_factory.mktemp("undisturbed") / "checkout")
    snakemake("--cores", "2", *SETTINGS, "--", *DETECTIONS, cwd=checkout)
    return checkout


def started(checkout: Path, *command: str) -> subprocess.Popen:
    """A run in the background, from the bare command of the README; `stop.sh` ends it and its jobs with the cluster."""
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    with open(checkout / "run.log", "a") as log:
        return subprocess.Popen(
            [*command, *SLURM, *THREADS, *SETTINGS, "--", *DETECTIONS],
            cwd=checkout,
            env={**os.environ, "PATH": path, "KUZUSHIJI_TEST_CLUSTER": "controller"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def until(condition: Callable, seconds: float = 600):
    """What `condition` gives as soon as it gives something."""
    for _ in range(int(seconds / 0.2)):
        if found := condition():
            return found
        time.sleep(0.2)
    pytest.fail(f"this did not happen within {seconds:.0f} s: {condition.__doc__ or condition}")


def jobs(rule: str, state: str) -> list[str]:
    """The ids of this rule's jobs that are in this state, the newest first."""
    listed = subprocess.run(
        ["squeue", "--noheader", "--states=all", "--format=%A %T %k"], check=True, capture_output=True, text=True
    ).stdout
    found = [line.split(maxsplit=2) for line in listed.splitlines()]
    own = [job for job, now, comment in found if now == state and re.fullmatch(f"rule_{rule}(_.*)?", comment)]
    return sorted(own, key=int, reverse=True)


def details(job: str) -> str:
    return subprocess.run(
        ["scontrol", "show", "job", "--details", job], check=True, capture_output=True, text=True
    ).stdout


class Watch(threading.Thread):
    """Looks again and again at which GPUs running jobs have."""

    def __init__(self):
        super().__init__(daemon=True)
        self.seen: list[dict[str, list[str]]] = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.5):
            running = jobs("detector", "RUNNING") + jobs("detect", "RUNNING")
            self.seen.append({job: re.findall(r"gpu:test:(\d)\(IDX:(\S+)\)", details(job)) for job in running})

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def training_process(job: str) -> int | None:
    """The process that trains within a job."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        own = f"SLURM_JOB_ID={job}\0".encode() in environment
        if own and command.startswith(sys.executable.encode()) and b".detector.py" in command:
            return int(process.name)
    return None


def test_everything_that_goes_wrong_on_a_cluster_ends_in_the_same_result(start_cluster, undisturbed, tmp_path):
    start_cluster()
    checkout = tmp_path / "checkout"
    subprocess.run(["cp", "-a", undisturbed, checkout], check=True)
    for made in ("denoised/drawn_test", "detector", "detections", "logs/detector"):
        path = checkout / "results" / made
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (checkout / "results/denoised").glob("drawn_test*"):
        path.unlink()

    # As a site does: its partitions are written down, jobs go to those that they fit, and ask for its type of GPU.
    partitions = "profiles/slurm/partitions.yaml"
    subprocess.run([BIN / "generate-slurm-partition-config", "-o", partitions], cwd=checkout, check=True)
    profile = checkout / "profiles/slurm/config.yaml"
    site = profile.read_text().replace("# slurm-partition-config:", "slurm-partition-config:").replace("a100", "test")
    site = re.sub(r"(?m)^( +)# (\w+: (?:&gpu .*|\*gpu|test))$", r"\1\2", site)  # the type of GPU too
    profile.write_text(site.replace("device: cuda", "device: auto"))  # the GPUs are false

    with Watch() as watch:
        # A training's time is nearly up: Slurm wakes it and says so, it saves its state and ends, and is tried again.
        run = started(checkout, "snakemake", "--profile", "slurm")
        (first,) = until(lambda: jobs("detector", "RUNNING"))
        until(lambda: list((checkout / "results/detector/faster_rcnn/state").rglob("iter_*.pth")))
        os.kill(until(lambda: training_process(first)), signal.SIGSTOP)
        # Less than the ten minutes at which it is woken, and enough for a busy machine to save its state.
        subprocess.run(["scontrol", "update", f"jobid={first}", "timelimit=9"], check=True)
        assert until(lambda: jobs("detector", "FAILED")) == [first]
        until(lambda: re.search(r"stopped by a signal after iteration [1-9]\d*;", (checkout / "run.log").read_text()))

        # Its second attempt loses its controller, which leaves it running; the documented command takes over.
        (second,) = until(lambda: jobs("detector", "RUNNING"))
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert jobs("detector", "RUNNING") == [second]
        run = started(checkout, "bash", "slurm/resume.sh")
        assert until(lambda: jobs("detector", "CANCELLED")) == [second]
        (third,) = until(lambda: jobs("detector", "COMPLETED"))
        assert third not in (first, second)
        log = (checkout / "results/logs/detector/faster_rcnn.log").read_text()
        assert re.search(r"from iteration [1-9]\d* to 40", log)

        # A detection is cancelled; the node is drained while others wait.
        cancelled = until(lambda: jobs("detect", "RUNNING"))[0]
        subprocess.run(["scontrol", "update", "nodename=ALL", "state=drain", "reason=test"], check=True)
        subprocess.run(["scancel", cancelled], check=True)
        until(lambda: jobs("detect", "CANCELLED"))
        subprocess.run(["scontrol", "update", "nodename=ALL", "state=resume"], check=True)
        assert run.wait(600) == 0, (checkout / "run.log").read_text()[-8000:]

    for name in [*DETECTIONS, "results/detector/000020.pth", "results/detector/000040.pth"]:
        assert checksum(checkout / name) == checksum(undisturbed / name), name
    assert planned(snakemake("--dry-run", "--cores", "2", *SETTINGS, "--", *DETECTIONS, cwd=checkout)) == {}
    # Every running job had one GPU, its own, and there were never more than the two.
    busy = [gpus for gpus in watch.seen if gpus]
    assert busy and max(map(len, busy)) == 2
    for gpus in busy:
        known = [indices for indices in gpus.values() if indices]  # a job that ends meanwhile has none
        assert all(len(indices) == 1 and indices[0][0] == "1" for indices in known)
        assert len({indices[0][1] for indices in known}) == len(known)
    # What Slurm says of jobs that failed stays where profiles/slurm/README.md says.
    assert list((checkout / "results/logs/slurm").rglob(f"{first}.log"))


def test_a_living_run_is_not_taken_over(start_cluster, undisturbed):
    living = subprocess.Popen(["bash", "-c", "exec -a snakemake sleep 60"], cwd=undisturbed)
    try:
        resume = subprocess.run(["bash", "slurm/resume.sh"], cwd=undisturbed, capture_output=True, text=True)
        assert resume.returncode == 1
        assert f"process {living.pid}" in resume.stderr
    finally:
        living.kill()
        living.wait()


def test_a_run_of_another_machine_is_not_taken_over(start_cluster, undisturbed, tmp_path):
    checkout = tmp_path / "checkout"
    subprocess.run(["cp", "-a", undisturbed, checkout], check=True)
    log = checkout / ".snakemake/log/2999-01-01T000000.000000.snakemake.log"
    log.write_text("  Host: login2\n")
    resume = subprocess.run(["bash", "slurm/resume.sh"], cwd=checkout, capture_output=True, text=True)
    assert resume.returncode == 1
    assert "The last run here was started on login2: go on there" in resume.stderr


@pytest.mark.parametrize("command", ["squeue", "sacct"])
def test_a_cluster_with_accounting_is_polled_either_way(accounting, undisturbed, tmp_path, command):
    checkout = tmp_path / "checkout"
    subprocess.run(["cp", "-a", undisturbed, checkout], check=True)
    (checkout / DETECTIONS[0]).unlink()
    options = ["--slurm-status-command", command, "--config", "local_pages=0"]
    run = started(checkout, "snakemake", "--profile", "profiles/slurm", *options)
    assert run.wait(600) == 0, (checkout / "run.log").read_text()[-8000:]
    assert checksum(checkout / DETECTIONS[0]) == checksum(undisturbed / DETECTIONS[0])
    assert jobs("gather_detections", "COMPLETED")


def test_what_takes_seconds_is_no_job_of_the_cluster(start_cluster, undisturbed, tmp_path):
    start_cluster()
    checkout = tmp_path / "checkout"
    subprocess.run(["cp", "-a", undisturbed, checkout], check=True)
    (checkout / DETECTIONS[0]).unlink()
    run = started(checkout, "snakemake", "--profile", "slurm")
    assert run.wait(600) == 0, (checkout / "run.log").read_text()[-8000:]
    assert checksum(checkout / DETECTIONS[0]) == checksum(undisturbed / DETECTIONS[0])
    listed = subprocess.run(["squeue", "--noheader", "--states=all"], check=True, capture_output=True, text=True).stdout
    assert listed == ""
