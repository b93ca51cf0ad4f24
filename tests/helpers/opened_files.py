"""Which files the jobs of a Snakemake run opened, from a trace of its system calls."""

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

STRACE = shutil.which("strace")
_CALL = re.compile(r"(\d+) +(\w+)\((.*)")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)")
_RESULT = re.compile(r"\) += (-?\d+)(?:<(.*)>)?")


def traced(trace: Path) -> list[str]:
    """What to put before a command to have the system calls of all its processes written to `trace`."""
    calls = "openat,open,execve,clone,clone3,fork,vfork"
    return [
        STRACE,
        "--follow-forks",
        "--decode-fds=path",
        "--seccomp-bpf",
        f"--trace={calls}",
        "--string-limit=400",
        "--output",
        str(trace),
    ]


@dataclass
class Job:
    """A script that Snakemake started, with all the processes that it started itself."""

    script: str
    read: set[Path] = field(default_factory=set)
    written: set[Path] = field(default_factory=set)


def opened_files(trace: Path) -> list[Job]:
    """The jobs of a traced run, and the files that each of them opened to read or to write, folders included."""
    jobs: dict[int, Job] = {}  # of every process
    unfinished: dict[tuple[int, str], str] = {}
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        if match := _RESUMED.match(line):
            process, call = int(match[1]), match[2]
            arguments = unfinished.pop((process, call), "") + match[3]
        elif match := _CALL.match(line):
            process, call, arguments = int(match[1]), match[2], match[3]
            if arguments.endswith("<unfinished ...>"):
                unfinished[process, call] = arguments.removesuffix("<unfinished ...>")
                continue
        else:
            continue
        result = _RESULT.search(arguments)
        if not result or int(result[1]) < 0:
            continue
        if call in ("clone", "clone3", "fork", "vfork"):
            if process in jobs:
                jobs[int(result[1])] = jobs[process]
        elif call == "execve":
            script = re.search(r'"[^"]*python[^"]*", "[^"]*/\.snakemake/scripts/tmp\w+\.(\w+)\.py"\]', arguments)
            if script:
                jobs[process] = Job(script[1])
                found.append(jobs[process])
        elif process in jobs and result[2]:
            job, path = jobs[process], Path(result[2])
            if "O_WRONLY" not in arguments:
                job.read.add(path)
            if "O_WRONLY" in arguments or "O_RDWR" in arguments:
                job.written.add(path)
    return found
