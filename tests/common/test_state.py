import errno
import fcntl
import os

import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.common.state import locked, state_folder


def test_other_settings_or_inputs_never_find_the_state(tmp_path):
    (tmp_path / "table").write_text("a")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "1.png").write_text("1")
    inputs = [tmp_path / "table", tmp_path / "pages"]
    first = state_folder(tmp_path, {"rate": 0.1, "steps": 5}, inputs)
    assert state_folder(tmp_path, {"steps": 5, "rate": 0.1}, reversed(inputs)) == first
    assert state_folder(tmp_path, {"rate": 0.2, "steps": 5}, inputs) != first
    (tmp_path / "table").write_text("b")
    second = state_folder(tmp_path, {"rate": 0.1, "steps": 5}, inputs)
    assert second != first
    (tmp_path / "pages" / "2.png").write_text("2")
    assert state_folder(tmp_path, {"rate": 0.1, "steps": 5}, inputs) != second


def test_a_second_copy_of_a_job_fails_clearly_and_a_killed_one_frees_the_lock(tmp_path, hold):
    holder = hold(tmp_path)
    with pytest.raises(InputError, match="another copy of this job is running"), locked(tmp_path):
        pass
    holder.kill()
    holder.wait()
    with locked(tmp_path):
        pass


def test_a_file_system_without_locks_is_no_other_copy(tmp_path, monkeypatch):
    def lockf(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", lockf)
    with pytest.raises(InputError, match="this file system has no locks"), locked(tmp_path / "state"):
        pass
