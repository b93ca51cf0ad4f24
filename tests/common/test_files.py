"""Files that are whole or not there, and their checksums."""

import subprocess

import pytest

from kuzushiji.common.files import replacing, write_checksums


def test_what_fails_on_the_way_leaves_what_was_there(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("before")
    with pytest.raises(ValueError), replacing(path) as partial:
        partial.write_text("half")
        raise ValueError
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_sha256sum_checks_a_folder(tmp_path):
    folder, checksums = tmp_path / "pages", tmp_path / "pages.sha256"
    folder.mkdir()
    for name in ("二.png", "a b.png"):
        (folder / name).write_bytes(name.encode())
    (folder / ".snakemake_timestamp").touch()
    write_checksums(folder, checksums)
    assert [line.split("  ")[1] for line in checksums.read_text().splitlines()] == ["a b.png", "二.png"]
    check = ["sha256sum", "--check", "--strict", checksums]
    assert subprocess.run(check, cwd=folder, check=False).returncode == 0
    (folder / "a b.png").write_bytes(b"other")
    assert subprocess.run(check, cwd=folder, check=False).returncode != 0
