"""What made a submission."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from ro_crate_1_1 import CONTEXT
from rocrate.rocrate import ROCrate

from kuzushiji.common.files import checksum
from kuzushiji.publish.provenance import installed, source_version, write_provenance

# An environment of its own: the validator wants other versions than the lock has.
VALIDATOR = Path(__file__).parents[2] / ".validator/bin/python"
VALIDATE = Path(__file__).parents[1] / "helpers/validate_crate.py"
# What it recommends and the workflow cannot know, or has not: who runs it, where it is published, and a README.
UNKNOWN = {
    "RECOMMENDED process-run-crate-0.5_8.6",  # the agent
    "RECOMMENDED ro-crate-1.1_22.2",  # the author
    "RECOMMENDED ro-crate-1.1_22.3",  # the publisher
    "RECOMMENDED process-run-crate-0.5_3.2",  # the workflow's URL
    "RECOMMENDED process-run-crate-0.5_5.1",  # the same, as its identifier
    "RECOMMENDED workflow-ro-crate-1.0_6.1",
    "RECOMMENDED workflow-ro-crate-1.0_6.2",
}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A folder with a crate, and what it is about."""
    monkeypatch.chdir(tmp_path)
    Path("pages").mkdir()
    for name in ("b.jpg", "a.jpg", ".hidden"):
        Path("pages", name).write_bytes(name.encode())
    for name in ("test.csv", "labels.csv", "model.pth", "scan.jpg", "lock.txt", "entry.smk"):
        Path(name).write_text(name)
    sources = [Path("pages"), Path("labels.csv")]
    write_provenance(
        Path("crate"),
        Path("test.csv"),
        [Path("model.pth")],
        sources,
        {"scan.jpg": checksum("scan.jpg")},
        {"nms": {"iou": 0.3}},
        Path("lock.txt"),
        Path("entry.smk"),
        {"test": "pages of mine, 巻一", "mine": "scans in pages", "巻一": "scans in other"},
    )
    return tmp_path


def test_a_colleague_can_check_what_a_submission_was_made_from(made):
    listed = [line.split("  ")[1] for line in (made / "crate/checksums.sha256").read_text().splitlines()]
    assert listed == ["test.csv", "model.pth", "pages/a.jpg", "pages/b.jpg", "labels.csv", "scan.jpg"]
    check = ["sha256sum", "--check", "--strict", "crate/checksums.sha256"]
    assert subprocess.run(check, cwd=made, check=False).returncode == 0
    (made / "model.pth").write_text("another")
    assert subprocess.run(check, cwd=made, check=False).returncode != 0


def test_the_crate_says_how_it_was_made(made):
    assert yaml.safe_load((made / "crate/config.yaml").read_text()) == {"nms": {"iou": 0.3}}
    assert "numpy==" in (made / "crate/versions.txt").read_text()
    assert (made / "crate/requirements.txt").read_text() == "lock.txt"
    crate = ROCrate(made / "crate")
    assert crate.mainEntity.id == "Snakefile"
    assert (made / "crate/Snakefile").read_text() == "entry.smk"
    (action,) = [entity for entity in crate.get_entities() if entity.type == "CreateAction"]
    assert action["result"].id == "submission.csv"
    read = {entity["name"]: entity.get("description") for entity in action["object"]}
    assert read.keys() >= {"config.yaml", "checksums.sha256", "requirements.txt", "versions.txt"}
    assert read["巻一"] == "scans in other"
    assert {"test", "mine"} <= read.keys()
    assert action["instrument"].id == "Snakefile"
    assert action["instrument"]["version"]
    metadata = json.loads((made / "crate/ro-crate-metadata.json").read_text())
    assert {Path(entity["@id"]).name for entity in metadata["@graph"]} >= {"submission.csv", "Snakefile"}


@pytest.mark.skipif(not VALIDATOR.exists(), reason="needs the crates' validator: run `make .validator/installed`")
def test_the_crate_is_a_workflow_run_crate(made, tmp_path):
    assert lacking(made / "crate", tmp_path) <= UNKNOWN
    metadata = made / "crate/ro-crate-metadata.json"
    whole = json.loads(metadata.read_text())
    # That nothing is found says something only if what is missing would be.
    (main,) = [entity for entity in whole["@graph"] if entity["@id"] == "Snakefile"]
    main["@type"] = "File"
    metadata.write_text(json.dumps(whole))
    assert any(check.startswith("REQUIRED workflow-ro-crate") for check in lacking(made / "crate", tmp_path))


def lacking(crate: Path, folder: Path) -> set[str]:
    """What the validator misses in `crate`: severities and checks."""
    context = folder / "context.json"
    context.write_text(json.dumps({"@context": CONTEXT}))
    command = [VALIDATOR, VALIDATE, crate, folder / "cache", context]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    *issues, end = run.stdout.splitlines() or [""]
    assert end == "validated", run.stderr
    return {issue.split(":")[0] for issue in issues}


def test_people_read_all_of_it_on_one_page(made):
    page = (made / "crate/ro-crate-preview.html").read_text()
    for name in ("config.yaml", "versions.txt", "checksums.sha256"):
        assert (made / "crate" / name).read_text() in page
    assert "commit " in page


def test_the_commit_and_what_was_changed_since_are_told(tmp_path):
    assert source_version(tmp_path) == ("", [])

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        run = subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True)
        return run.stdout.strip()

    git("init", "--quiet")
    (tmp_path / "nms.py").write_text("1")
    git("add", "nms.py")
    git("commit", "--quiet", "-m", "first")
    assert source_version(tmp_path) == (git("rev-parse", "HEAD"), [])
    (tmp_path / "nms.py").write_text("2")
    assert source_version(tmp_path)[1] == ["nms.py"]


def test_every_package_is_listed_once():
    names = [name for name, _ in installed()]
    assert {"torch", "snakemake", "mmdet"} <= set(names)
    assert len(names) == len(set(names))
