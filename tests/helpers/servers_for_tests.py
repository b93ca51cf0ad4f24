"""HTTP servers of this machine that stand in for public ones."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    """The address of `server`, which answers until the end of the `with`."""
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def serving_files(folder: Path) -> AbstractContextManager[str]:
    """`serving` the files of `folder` by their names."""
    return serving(ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder)))
