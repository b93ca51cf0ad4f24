"""Runs Snakemake as its command does, with jobs that only write empty outputs, and measures its own work.

    python scheduler_run.py measured.json SECONDS [arguments of snakemake]

The JSON file says how many jobs ended, and of planning and of scheduling: seconds of the main thread without its waits
for jobs, seconds of processor time, bytes hashed, and lookups of paths where slow_files.so is preloaded. After so many
seconds of scheduling it stops.
"""

import ctypes
import hashlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import snakemake.cli
import snakemake.workflow
from snakemake.scheduling.job_scheduler import JobScheduler

MEASURED, SECONDS = Path(sys.argv[1]), int(sys.argv[2])
PRELOADED = hasattr(ctypes.CDLL(None), "slow_lookups")
hashed = waited = 0
begun = time.perf_counter()
scheduling, planning = None, {}


def empty(path, basedir, input, output, *others):
    """In place of a rule's script."""
    others[12].running_time = 1.0  # of the benchmark's record
    for name in output:
        made = Path(name)
        if made.suffix:
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_bytes(b"")
        else:
            made.mkdir(parents=True, exist_ok=True)


def spent() -> dict:
    return {
        "seconds": time.perf_counter() - begun - waited,
        "processor": time.thread_time(),
        "hashed": hashed,
        "lookups": ctypes.CDLL(None).slow_lookups() if PRELOADED else None,
    }


def write(*_):
    total = spent()
    jobs = scheduling.finished_jobs if scheduling else 0
    difference = {key: total[key] - planning[key] for key in total if planning and total[key] is not None}
    MEASURED.write_text(json.dumps({"jobs": jobs, "planning": planning or total, "scheduling": difference}))


def stop(*_):
    write()
    os._exit(0)


class Waits:
    """A semaphore of which the seconds are counted that it is waited for."""

    def __init__(self):
        self.semaphore = threading.Semaphore(0)
        self.release = self.semaphore.release

    def acquire(self):
        global waited
        before = time.perf_counter()
        self.semaphore.acquire()
        waited += time.perf_counter() - before


def file_digest(file, *arguments, digest=hashlib.file_digest):
    global hashed
    hashed += os.fstat(file.fileno()).st_size if hasattr(file, "name") else 0
    return digest(file, *arguments)


def schedule(self, schedule=JobScheduler.schedule):
    global scheduling, planning
    scheduling, planning = self, spent()
    self._open_jobs = Waits()
    self._open_jobs.release()
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    done = schedule(self)
    signal.alarm(0)
    write()
    return done


snakemake.workflow.script = empty
hashlib.file_digest = file_digest
JobScheduler.schedule = schedule
sys.argv = ["snakemake", *sys.argv[3:]]
snakemake.cli.main()
