"""What the jobs of a traced Snakemake run opened, against what their rules declare."""

import ast
import base64
import json
import re
from pathlib import Path

from opened_files import Job, opened_files
from snakemake_runs import ROOT


def traced_jobs(checkout: Path, trace: Path) -> list[tuple[Job, dict]]:
    """Every job of the run in `checkout` whose system calls are in `trace`, with Snakemake's record of it."""
    noted = records(checkout)
    found = []
    for job in opened_files(trace):
        logs = [str(path.relative_to(checkout)) for path in job.written if checkout in path.parents]
        (log,) = [name for name in logs if name in noted]
        found.append((job, noted[log]))
    return found


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
    settings = [parameter for parameter in map(ast.literal_eval, record["params"]) if isinstance(parameter, dict)]
    kept = [parameter[key] for parameter in settings for key in ("state", "record") if key in parameter]
    own = [*record["made"], *record["log"], *kept]
    code = [f"workflow/{folder}" for folder in ("kuzushiji", "scripts", "rules")] + [".snakemake"]
    return sorted(
        str(path.relative_to(checkout))
        for opened, names in ((job.read, own + record["input"] + code), (job.written, own))
        for path in map(whole, opened)
        if checkout in path.parents
        and path.parent.name != "__pycache__"  # what Python and numba compiled
        and path != checkout / "workflow"
        and not any(path.is_relative_to(checkout / name) for name in names)
    )


def whole(path: Path) -> Path:
    """A file that `common.files.replacing` or `common.download` writes, by the name that it will have."""
    if ".partial" in path.parts:
        place = path.parts.index(".partial")
        return Path(*path.parts[:place], *path.parts[place + 1 : place + 2])
    partial = re.fullmatch(r"\.(.+)\.\d+(\.\w+)?", path.name)
    return path.with_name(partial[1] + (partial[2] or "")) if partial else path


def counted(script: str) -> set[str]:
    """The library's modules that a script imports, directly or not, by reading them: as paths in the library."""
    library = ROOT / "workflow/kuzushiji"
    waiting, found = [ROOT / f"workflow/scripts/{script}.py"], set()
    while waiting:
        for node in ast.walk(ast.parse(waiting.pop().read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                path = library.parent / f"{name.replace('.', '/')}.py"
                if library in path.parents and path.exists() and str(path.relative_to(library)) not in found:
                    found.add(str(path.relative_to(library)))
                    waiting.append(path)
    return found
