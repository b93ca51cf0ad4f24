import gzip
import random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO

import pytest
from servers_for_tests import serving

from kuzushiji.common.download import Failing, Refused, download
from kuzushiji.common.errors import InputError

CONTENT = random.Random(7).randbytes(3_000_000)


class Server(ThreadingHTTPServer):
    """Serves `content` with ranges and a tag, and ends what it sends after `cuts` bytes, one a request."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.tag, self.cuts, self.status, self.announced = CONTENT, '"first"', [], None, None
        self.encoding = None
        self.asked = []

    def address(self):
        return f"http://127.0.0.1:{self.server_port}/weights.pth"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        if server.status:
            self.send_error(server.status)
            return
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if self.headers.get("If-Range") not in (None, server.tag):
            start = 0
        if start >= len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(server.announced or len(body)))
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.encoding:
            self.send_header("Content-Encoding", server.encoding)
        self.end_headers()
        self.wfile.write(body[: server.cuts.pop(0)] if server.cuts else body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    server = Server()
    with serving(server):
        yield server


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "published" / "weights.pth"


def test_a_file_comes_whole_with_progress(server, destination):
    terminal = StringIO()
    download(server.address(), destination, terminal)
    assert destination.read_bytes() == CONTENT
    assert "weights.pth" in terminal.getvalue() and "3.00M" in terminal.getvalue()
    assert [path.name for path in destination.parent.rglob("*") if path.is_file()] == ["weights.pth"]


def test_a_cut_connection_is_taken_up_where_it_ended(server, destination):
    server.cuts = [10 << 16, (5 << 16) + 1]
    download(server.address(), destination, pause=0)
    assert destination.read_bytes() == CONTENT
    assert server.asked == [None, f"bytes={10 << 16}-", f"bytes={15 << 16}-"]


def interrupted(server, destination):
    """Leave a part, as a killed download does."""
    server.cuts = [10 << 16] + [0] * 10
    with pytest.raises(InputError, match="run it again to go on"):
        download(server.address(), destination, pause=0)
    assert not destination.exists()
    server.cuts, server.asked = [], []


def test_the_next_call_goes_on(server, destination):
    interrupted(server, destination)
    download(server.address(), destination)
    assert server.asked == [f"bytes={10 << 16}-"]
    assert destination.read_bytes() == CONTENT


def test_another_file_at_the_address_is_fetched_from_the_start(server, destination):
    interrupted(server, destination)
    server.content, server.tag = CONTENT[::-1], '"second"'
    download(server.address(), destination)
    assert destination.read_bytes() == CONTENT[::-1]


def test_without_a_tag_nothing_is_pieced_together(server, destination):
    server.tag = None
    interrupted(server, destination)
    download(server.address(), destination)
    assert server.asked == [None] and destination.read_bytes() == CONTENT


def test_a_shorter_file_than_the_part_is_fetched_from_the_start(server, destination):
    interrupted(server, destination)
    server.content = CONTENT[:500]
    download(server.address(), destination, pause=0)
    assert destination.read_bytes() == CONTENT[:500]


@pytest.mark.parametrize("more", [10, -10])
def test_another_size_than_announced_is_refused(server, destination, more):
    server.announced = len(CONTENT) + more
    if more > 0:
        with pytest.raises(InputError, match="cannot be downloaded"):
            download(server.address(), destination, pause=0)
        assert not destination.exists()
    else:  # HTTP's own framing: what comes after is no part of the file, and the client cannot see it
        download(server.address(), destination)
        assert destination.stat().st_size == server.announced


@pytest.mark.parametrize("status", [404, 503])
def test_what_cannot_be_had_is_to_be_put_there_by_hand(server, destination, status):
    server.status = status
    with pytest.raises(InputError, match=f"cannot be downloaded .{status} .*put it at {destination}"):
        download(server.address(), destination, pause=0)
    assert len(server.asked) == (1 if status == 404 else 5)


@pytest.mark.parametrize("status, kind", [(404, Refused), (500, Failing), (520, Failing), (503, None), (429, None)])
def test_a_server_that_refuses_or_fails_is_told_from_one_that_is_busy(server, destination, status, kind):
    server.status = status
    with pytest.raises(InputError, match=f"cannot be downloaded .{status} ") as error:
        download(server.address(), destination, pause=0)
    assert isinstance(error.value, Refused) == bool(kind) and isinstance(error.value, Failing) == (kind is Failing)


@pytest.mark.parametrize("content", [CONTENT, CONTENT[:1000] * 100], ids=["longer", "shorter"])
def test_a_file_that_comes_compressed_is_as_long_as_it_is(server, destination, content):
    """Compressed as it lies on the server, though none was asked for; parts of that are of no use."""
    server.content, server.encoding = gzip.compress(content), "gzip"
    server.cuts = [len(server.content) // 2]
    download(server.address(), destination, pause=0)
    assert destination.read_bytes() == content
    assert server.asked == [None, None]


def test_a_part_of_the_plain_file_is_not_continued_with_a_compressed_one(server, destination):
    interrupted(server, destination)
    server.content, server.encoding, server.tag = gzip.compress(CONTENT), "gzip", '"compressed"'
    download(server.address(), destination, pause=0)
    assert destination.read_bytes() == CONTENT


def test_a_full_disk_is_said_with_the_file(server, destination):
    part = destination.parent / ".partial" / destination.name / "part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(OSError, match=f"No space left on device: '{part}'"):
        download(server.address(), destination, pause=0)


def test_without_a_network_the_same_is_said(destination):
    server = Server()
    server.server_close()  # nobody listens there now
    with pytest.raises(InputError, match=f"{server.address()}: cannot be downloaded .*put it at {destination}"):
        download(server.address(), destination, pause=0)
    assert not destination.exists()


def test_two_downloads_of_one_file_do_not_meet(server, destination, hold):
    hold(destination.parent / ".partial" / destination.name)
    with pytest.raises(InputError, match="another copy of this job is running"):
        download(server.address(), destination)
