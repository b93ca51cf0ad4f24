"""The provenance of a submission as a research object crate (Workflow Run RO-Crate) that others can verify."""

import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import quote

import yaml
from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from kuzushiji.common.files import checksum
from kuzushiji.publish.web_tables import write_web_page

# What the crate follows: of a run of anything, of a workflow's run, of a workflow.
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
# A word that these profiles use and RO-Crate 1.1 does not have.
TERMS = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}
BIOSCHEMAS = "https://bioschemas.org/profiles"
_ROOT = Path(__file__).parents[2]


def write_provenance(
    folder: Path,
    submission: Path,
    models: list[Path],
    sources: list[Path],
    images: dict[str, str],
    config: dict,
    lock: Path,
    workflow: Path,
    page_sets: dict[str, str],
) -> None:
    """Write a crate to `folder`: the `submission` and everything it was made from.

    `checksums.sha256` has the SHA-256 of the submission, the `models`, all `sources` (made images and labels; for a
    folder, its files) and `images` ({path: SHA-256}), for `sha256sum --check` in the working directory of the workflow.
    `config.yaml` is the whole configuration, `requirements.txt` the `lock` for installation, `versions.txt` the
    versions that were installed, `Snakefile` the `workflow`'s entry. The crate's metadata have the workflow's commit,
    whether files have changed since, and the `page_sets` that were read, with words for each. `ro-crate-preview.html`
    shows all of this to people.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = {str(path): checksum(path) for path in _files([submission, *models, *sources])} | images
    texts = {
        "config.yaml": yaml.safe_dump(config, allow_unicode=True, sort_keys=False),
        "checksums.sha256": "".join(f"{held}  {path}\n" for path, held in known.items()),
        "requirements.txt": lock.read_text(encoding="utf-8"),
        "versions.txt": "".join(f"{name}=={version}\n" for name, version in installed()),
        "submission.csv": submission.read_text(encoding="utf-8"),
        "Snakefile": workflow.read_text(encoding="utf-8"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")

    crate = ROCrate(version="1.1")  # of which the profiles are
    crate.metadata.extra_terms.update(TERMS)
    crate.name = f"Characters read on the pages of {submission.stem}"
    crate.description = f"The submission {submission}, and what it was made from by the kuzushiji workflow."
    terms = "the workflow is under the MIT licence; pages, and what was read on them, are their owners'"
    crate.license = _add(crate, "#licence", "CreativeWork", name="Licences", description=terms)
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
            properties={
                "name": name,
                "encodingFormat": encoding,
                "description": what,
                "sha256": checksum(folder / name),
            },
        )
        for name, (encoding, what) in described.items()
    }
    commit, changed = source_version(_ROOT)
    state = f"changed since that commit: {', '.join(changed)}" if changed else "as committed"
    about = {
        "name": "kuzushiji",
        "version": commit or "unknown",
        "description": state if commit else "not run from a git checkout, so that no commit is known",
        "runtimePlatform": f"Python {platform.python_version()} on {platform.platform()}",
        "encodingFormat": "text/plain",
        "sha256": checksum(folder / "Snakefile"),
    }
    main = crate.add_workflow(folder / "Snakefile", "Snakefile", main=True, lang="snakemake", properties=about)
    main["conformsTo"] = _add(crate, f"{BIOSCHEMAS}/ComputationalWorkflow/1.0-RELEASE", "CreativeWork")
    for role, name in {"input": "config.yaml", "output": "submission.csv"}.items():
        parameter = _add(crate, f"#{role}", "FormalParameter", name=Path(name).stem, additionalType="File")
        parameter["conformsTo"] = _add(crate, f"{BIOSCHEMAS}/FormalParameter/1.0-RELEASE", "CreativeWork")
        parameter["workExample"] = files[name]
        files[name]["exampleOfWork"] = parameter
        main[role] = parameter
    profiles = [
        _add(crate, url, "CreativeWork", name=name, version=url.rsplit("/", 1)[-1]) for url, name in PROFILES.items()
    ]
    crate.root_dataset["conformsTo"] = profiles
    read = [
        _add(crate, f"#page_set/{quote(name)}", "CreativeWork", name=name, description=words)
        for name, words in page_sets.items()
    ]
    crate.root_dataset["mentions"] = crate.add_action(
        instrument=main,
        object=[file for name, file in files.items() if name != "submission.csv"] + read,
        result=files["submission.csv"],
        properties={
            "name": "reading the pages",
            "description": f"The workflow read the page sets {', '.join(page_sets)}.",
            "endTime": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )
    crate.metadata.write(folder)
    commit = f"commit {about['version']} ({about['description']})"
    made = "\n".join([crate.description, commit, about["runtimePlatform"]])
    shown = {"configuration": "config.yaml", "packages": "versions.txt", "checksums": "checksums.sha256"}
    pages = "\n".join(f"{name}: {words}" for name, words in page_sets.items())
    parts = {"made by": made, "page sets": pages, **{title: texts[name] for title, name in shown.items()}}
    write_web_page(folder / "ro-crate-preview.html", crate.name, parts)


def _add(crate: ROCrate, identifier: str, kind: str, **properties: str) -> ContextEntity:
    return crate.add(ContextEntity(crate, identifier, {"@type": kind, **properties}))


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
