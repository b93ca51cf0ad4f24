import hashlib
import subprocess

import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.published.checksum import check_file


@pytest.fixture
def file(tmp_path):
    (tmp_path / "model.pth").write_bytes(b"weights")
    return tmp_path / "model.pth"


@pytest.fixture
def record(tmp_path):
    return tmp_path / "model.pth.sha256"


def test_the_first_use_is_noted_for_sha256sum(file, record):
    assert check_file(file, record) == hashlib.sha256(b"weights").hexdigest()
    subprocess.run(["sha256sum", "--check", record.name], cwd=record.parent, check=True, capture_output=True)
    noted = record.read_bytes()
    check_file(file, record)
    assert record.read_bytes() == noted


def test_another_file_is_refused_and_the_record_kept(file, record):
    check_file(file, record)
    noted = record.read_bytes()
    file.write_bytes(b"other weights")
    with pytest.raises(InputError, match=r"model.pth: is not the file that was used first .*delete .*pth.sha256"):
        check_file(file, record)
    assert record.read_bytes() == noted
    file.write_bytes(b"weights")
    check_file(file, record)


def test_a_missing_file_and_a_strange_record_are_named(file, record):
    with pytest.raises(InputError, match=r"none.pth: cannot be read"):
        check_file(file.with_name("none.pth"), record)
    assert not record.exists()
    for strange in ("", "abc", "abc  other.pth"):
        record.write_text(strange)
        with pytest.raises(InputError, match=r"model.pth.sha256: is no checksum of model.pth"):
            check_file(file, record)
