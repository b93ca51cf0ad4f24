"""A server that stands in for the hub from which timm fetches its weights."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from safetensors.torch import save
from servers_for_tests import serving


class Hub(BaseHTTPRequestHandler):
    """Answers as Hugging Face's hub does, which has the weights of test_resnet."""

    def do_HEAD(self):
        self.answer(b"")

    def do_GET(self):
        self.answer(self.server.weights)

    def answer(self, body):
        if "test_resnet" not in self.path or not self.path.endswith("model.safetensors"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.weights)))
        self.send_header("ETag", '"weights"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def hub():
    import timm  # slow: only where it is needed

    model = timm.create_model("test_resnet")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.weights = save(model.state_dict())
    with serving(server) as address:
        yield address, model.state_dict()
