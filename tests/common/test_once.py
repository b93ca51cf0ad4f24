"""What Snakemake asks of files, asked once."""

import asyncio
import os
from types import SimpleNamespace

import pytest

from kuzushiji.common.files import checksum
from kuzushiji.common.once import once_a_version, sizes_of_new_inputs


@pytest.fixture
def asked():
    """A checksum as Snakemake's, and the files that it was asked for."""
    calls = []

    async def known(file, threshold=None, force=False):
        calls.append(str(file))
        return checksum(file) if os.path.isfile(file) and (force or os.path.getsize(file) <= threshold) else None

    once = once_a_version(known)
    return calls, lambda *arguments, **more: asyncio.run(once(*arguments, **more))


def test_a_file_is_read_once_until_it_changes(asked, tmp_path):
    calls, ask = asked
    file = tmp_path / "file"
    file.write_text("one")
    assert ask(file, 10) == ask(file, 10) == checksum(file)
    assert len(calls) == 1
    for content in ("two", "three"):
        file.write_text(content)
        assert ask(file, 10) == checksum(file)
    other = tmp_path / "other"
    other.write_text("seven")
    os.utime(other, ns=(1, file.stat().st_mtime_ns))
    os.replace(other, file)  # the same size and time
    assert ask(file, 10) == checksum(file)
    assert len(calls) == 4


def test_what_has_no_checksum_has_none_at_the_second_asking(asked, tmp_path):
    _, ask = asked
    (tmp_path / "file").write_text("longer")
    for path in (tmp_path, tmp_path / "file", tmp_path / "missing"):
        assert ask(path, 3) is None
        assert ask(path, 3) is None
    (tmp_path / "missing").write_text("it")
    assert ask(tmp_path / "missing", 3) == checksum(tmp_path / "missing")
    assert ask(tmp_path / "file", 10) == ask(tmp_path / "file", 3, force=True) == checksum(tmp_path / "file")


class File(str):
    """A file as Snakemake's scheduler sees it."""

    asked = 0

    async def exists(self):
        return os.path.exists(self)

    async def size(self):
        self.asked += 1
        return os.path.getsize(self)


def test_sizes_of_inputs_are_asked_for_once(tmp_path):
    (tmp_path / "input").write_text("four")
    there, missing = File(tmp_path / "input"), File(tmp_path / "missing")
    scheduler = SimpleNamespace(_input_sizes={})
    for _ in range(3):
        asyncio.run(sizes_of_new_inputs(scheduler, [SimpleNamespace(input=[there, missing])]))
    assert scheduler._input_sizes == {there: 4, missing: None}
    assert there.asked == 1
