"""Jobs that share the machine's GPUs.

`make test-gpu`, or `PYTHONPATH=workflow:tests/helpers python tests/gpu/test_gpu_jobs.py` from the root.
"""

import os
import subprocess
import sys
import time

import torch
from gpu_for_tests import folder, run

JOB = """
import os, sys, time
from kuzushiji.common.gpus import claim
claim(1, "cuda")
import torch
torch.ones(1, device="cuda").sum().item()
print(os.environ["CUDA_VISIBLE_DEVICES"], torch.cuda.device_count(), flush=True)
time.sleep(300)
"""


def test_every_job_has_a_gpu_of_its_own():
    """One more than there are waits for the end of another."""
    environment = {**os.environ, "TMPDIR": str(folder())}
    environment.pop("SLURM_JOB_ID", None)
    count = min(torch.cuda.device_count(), 2)
    if count == 2 and "CUDA_VISIBLE_DEVICES" not in environment:
        environment["CUDA_VISIBLE_DEVICES"] = "0,1"
    jobs = [
        subprocess.Popen([sys.executable, "-c", JOB], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(count + 1)
    ]
    try:
        found, waiting = {}, set(range(len(jobs)))
        deadline = time.monotonic() + 90
        for job in jobs:
            os.set_blocking(job.stdout.fileno(), False)
        while len(found) < count and time.monotonic() < deadline:
            for place in sorted(waiting):
                if line := jobs[place].stdout.readline():
                    found[place] = line.split()
                    waiting.discard(place)
            time.sleep(0.2)
        assert len({slot for slot, _ in found.values()}) == count and {seen for _, seen in found.values()} == {"1"}
        (last,) = waiting
        first = next(iter(found))
        jobs[first].kill()
        os.set_blocking(jobs[last].stdout.fileno(), True)
        assert jobs[last].stdout.readline().split() == found[first]
    finally:
        for job in jobs:
            job.kill()


if __name__ == "__main__":
    run(dict(globals()))
