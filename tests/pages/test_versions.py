"""Versions of images: they change with what images hold, and with nothing else."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuzushiji.common.files import checksum
from kuzushiji.pages import versions
from kuzushiji.pages.versions import Job, checksums, read_checksums, write_digests, write_versions

CONTENTS = [b"one", b"two", b"three"]
CHANGES = st.tuples(st.sampled_from(["write", "touch", "write with an old time", "plan", "job"]), st.integers(0, 1))
TIME = 1_700_000_000_000_000_000


class Images:
    """Two images, whose times of modification follow each other, and the two files of a job that reads them."""

    def __init__(self, folder: Path):
        self.paths = [str(folder / name) for name in ("a.jpg", "b.jpg")]
        self.versions, self.digests = folder / "versions.json", folder / "digests.json"
        self.clock = 0
        for image in (0, 1):
            self.write(image, CONTENTS[0])

    def write(self, image: int, content: bytes, time: int | None = None):
        Path(self.paths[image]).write_bytes(content)
        self.touch(image, time)

    def touch(self, image: int, time: int | None = None):
        self.clock += 1
        os.utime(self.paths[image], ns=(TIME, TIME + self.clock if time is None else time))

    def plan(self) -> str:
        write_versions([Job(self.paths, self.versions, self.digests)])
        return self.versions.read_text()

    def job(self):
        write_digests(self.versions, checksums(self.paths, 1), self.digests)

    def held(self) -> list[bytes]:
        return [Path(path).read_bytes() for path in self.paths]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(CHANGES, st.sampled_from(CONTENTS)), max_size=12))
def test_a_job_is_planned_again_if_an_image_holds_something_else_and_only_then(changes):
    with TemporaryDirectory() as folder:
        images = Images(Path(folder))
        recorded, read = images.plan(), images.held()
        images.job()
        for (change, image), content in changes:
            if change == "write":
                images.write(image, content)
            elif change == "touch":
                images.touch(image)
            elif change == "write with an old time":  # as copying with times does
                images.write(image, content, TIME - images.clock)
            elif change == "plan":
                images.plan()
            else:
                recorded, read = images.plan(), images.held()
                images.job()
            assert (images.plan() == recorded) == (images.held() == read)


@pytest.fixture
def images(tmp_path):
    return Images(tmp_path)


def test_without_digests_every_time_is_a_version(images):
    before = images.plan()
    assert images.plan() == before
    images.touch(0)
    assert images.plan() != before
    images.digests.write_text("{")  # as a full disk leaves it
    assert images.plan() == images.plan()


def test_an_image_that_changes_while_the_job_reads_it_is_read_again(images):
    recorded, held = images.plan(), checksums(images.paths, 1)
    images.write(0, b"four")
    write_digests(images.versions, held, images.digests)
    assert images.plan() != recorded


def test_versions_that_stay_are_not_written_again(images):
    images.plan()
    os.utime(images.versions, ns=(TIME, TIME))
    images.job()
    images.touch(1)
    images.plan()
    assert images.versions.stat().st_mtime_ns == TIME


def test_no_image_is_read_whose_time_is_its_version(images, monkeypatch):
    read = []
    monkeypatch.setattr(versions, "checksum", lambda path: read.append(path) or checksum(path))
    images.plan()
    assert read == []
    images.job()
    assert sorted(read) == images.paths
    images.touch(1)
    images.plan()
    assert sorted(read) == [*images.paths, images.paths[1]]


def test_missing_images_do_not_stop_planning(images):
    before = images.plan()
    os.unlink(images.paths[0])
    assert images.plan() != before
    assert checksums(images.paths, 1)[images.paths[0]] == ""


def test_checksums_are_those_of_sha256sum(images):
    images.plan()
    images.job()
    assert read_checksums([images.digests]) == {path: checksum(path) for path in images.paths}
    write_digests([], {}, images.digests)
    assert read_checksums([images.digests]) == {}
