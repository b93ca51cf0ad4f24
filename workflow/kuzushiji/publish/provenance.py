"""The provenance of a submission as a research object crate (RO-Crate, Process Run Crate) that others can verify."""

import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

import yaml
from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from kuzushiji.common.files import checksum
from kuzushiji.publish.web_tables import write_web_page

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_ROOT = Path(__file__).parents[2]


def write_provenance(
    folder: Path, submission: Path, models: list[Path], sources: list[Path], config: dict, lock: Path
) -> None:
    """Write a crate to `folder`: the `submission` and everything it was made from.

    `checksums.sha256` has the SHA-256 of the submission, the `models` and all `sources` (page images and labels; for a
    folder, its files), for `sha256sum --check` in the working directory of the workflow. `config.yaml` is the whole
    configuration, `requirements.txt` the `lock` for installation, `versions.txt` the versions that were installed. The
    crate's metadata have the workflow's commit, and whether files have changed since. `ro-crate-preview.html` shows all
    of this to people.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "config.yaml": yaml.safe_dump(config, allow_unicode=True, sort_keys=False),
        "checksums.sha256": "".join(f"{checksum(path)}  {path}\n" for path in _files([submission, *models, *sources])),
        "requirements.txt": lock.read_text(encoding="utf-8"),
        "versions.txt": "".join(f"{name}=={version}\n" for name, version in installed()),
        "submission.csv": submission.read_text(encoding="utf-8"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")

    crate = ROCrate()
    crate.name = f"Characters read on the pages of {submission.stem}"
    crate.description = f"The submission {submission}, and what it was made from by the kuzushiji workflow."
    crate.root_dataset["conformsTo"] = crate.add(ContextEntity(crate, PROFILE, {"@type": "CreativeWork"}))
    described = {
        "config.yaml": ("application/yaml", "the configuration, with profiles and command line"),
        "checksums.sha256": ("text/plain", "SHA-256 of submission, models, page images and labels"),
        "requirements.txt": ("text/plain", "the packages to install"),
        "versions.txt": ("text/plain", "the packages that were installed"),
        "submission.csv": ("text/csv", "the submission"),
    }
    files = {
        name: crate.add_file(
            folder / name,
            dest_path=name,
            properties={"encodingFormat": encoding, "description": what, "sha256": checksum(folder / name)},
        )
        for name, (encoding, what) in described.items()
    }
    commit, changed = source_version(_ROOT)
    state = f"changed since that commit: {', '.join(changed)}" if changed else "as committed"
    workflow = {
        "@type": "SoftwareSourceCode",
        "name": "kuzushiji",
        "version": commit or "unknown",
        "description": state if commit else "not run from a git checkout, so that no commit is known",
        "runtimePlatform": f"Python {platform.python_version()} on {platform.platform()}",
    }
    crate.root_dataset["mainEntity"] = files["submission.csv"]
    crate.add_action(
        instrument=crate.add(ContextEntity(crate, "#workflow", workflow)),
        object=[file for name, file in files.items() if name != "submission.csv"],
        result=[files["submission.csv"]],
        properties={"name": "reading the pages", "endTime": datetime.now(UTC).isoformat(timespec="seconds")},
    )
    crate.metadata.write(folder)
    commit = f"commit {workflow['version']} ({workflow['description']})"
    made = "\n".join([crate.description, commit, workflow["runtimePlatform"]])
    shown = {"configuration": "config.yaml", "packages": "versions.txt", "checksums": "checksums.sha256"}
    parts = {"made by": made, **{title: texts[name] for title, name in shown.items()}}
    write_web_page(folder / "ro-crate-preview.html", crate.name, parts)


def installed() -> list[tuple[str, str]]:
    """Names and versions of all installed packages, by name."""
    found: dict[str, str] = {}
    for package in distributions():  # in import order: setuptools' own copies come last
        found.setdefault(package.metadata["Name"], package.version)
    return sorted(found.items(), key=lambda pair: pair[0].lower())


def source_version(folder: Path) -> tuple[str, list[str]]:
    """The commit checked out in `folder`, and the files that differ from it; nothing outside a git checkout."""
    try:
        commit = _git(folder, "rev-parse", "HEAD").strip()
        changed = [line[3:] for line in _git(folder, "status", "--porcelain").splitlines()]
    except (OSError, subprocess.CalledProcessError):
        return "", []
    return commit, changed


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def _files(paths: Iterable[Path]) -> list[Path]:
    found = []
    for path in paths:
        found += sorted(entry for entry in path.rglob("*") if entry.is_file()) if path.is_dir() else [path]
    return list(dict.fromkeys(path for path in found if not path.name.startswith(".")))
