"""A library's server on this machine, which gives books by IIIF, and what servers do wrong."""

import io
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image
from servers_for_tests import serving

SIZE = (300, 400)  # of every page, in pixels


def picture(number: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """A page of one gray that tells its number, from 1, with a black corner at the upper left."""
    image = np.full((size[1], size[0], 3), 100 + 20 * number, np.uint8)
    image[: size[1] // 4, : size[0] // 4] = 0
    return Image.fromarray(image)


def number_of(image: Image.Image) -> int:
    """The number of the page in an image."""
    return round((np.asarray(image.convert("RGB"))[image.height // 2 :].mean() - 100) / 20)


def encoded(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


class Library(ThreadingHTTPServer):
    """Answers by path: `answers[path]` are status, headers and body, once each, and the last one for ever.

    `asked` has every request: its path, its User-Agent, when it came and when it was answered.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = {}, []

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def gives(self, path: str, *answers: tuple | bytes | dict) -> str:
        """Answer `path` so: a body alone with status 200, or status, headers and body. Returns its address."""
        whole = [answer if isinstance(answer, tuple) else (200, {}, answer) for answer in answers]
        self.answers[path] = [
            (status, headers, json.dumps(body).encode() if isinstance(body, dict) else body)
            for status, headers, body in whole
        ]
        return self.root + path

    def paths(self) -> list[str]:
        return [path for path, *_ in self.asked]

    def give_book(self, name: str, pages: int | list[Image.Image], version: int, service: int | None) -> str:
        """Give a book by a manifest of Presentation `version`, with image services of that version, or files alone.

        `pages` are their images, or how many of `picture` there are.
        """
        canvases = []
        scans = [picture(number) for number in range(1, pages + 1)] if isinstance(pages, int) else pages
        for number, scan in enumerate(scans, start=1):
            file = self.gives(f"/files/{name}-{number}.jpg", encoded(scan))
            images = f"/images/{name}-{number}"
            if service:
                self.gives(f"{images}/info.json", information(self.root + images, service, scan.size))
                size = "max" if service == 3 else "full"
                self.gives(f"{images}/full/{size}/0/default.jpg", encoded(scan))
            path = f"/{name}/canvas/{number}"
            canvases.append(self._canvas(path, str(number), scan.size, file, version, images, service))
        manifest = f"/{name}/manifest.json"
        if version == 3:
            content = {"id": self.root + manifest, "type": "Manifest", "label": {"ja": [name]}, "items": canvases}
        else:
            content = {"@id": self.root + manifest, "@type": "sc:Manifest", "label": name}
            content["sequences"] = [{"@type": "sc:Sequence", "canvases": canvases}]
        context = f"http://iiif.io/api/presentation/{version}/context.json"
        return self.gives(manifest, {"@context": context, **content})

    def _canvas(self, path, label, pixels, file, version, images, service) -> dict:
        """Twice as large as its image."""
        identity = self.root + path
        size = {"width": 2 * pixels[0], "height": 2 * pixels[1]}
        if version == 3:
            body = {"id": file, "type": "Image", "format": "image/jpeg"}
            if service:
                key = ("id", "type") if service == 3 else ("@id", "@type")
                body["service"] = [dict(zip(key, (self.root + images, f"ImageService{service}"), strict=True))]
            painting = {"id": f"{identity}/p", "type": "Annotation", "motivation": "painting"}
            painting |= {"body": body, "target": identity}
            page = {"id": f"{identity}/page", "type": "AnnotationPage", "items": [painting]}
            return {"id": identity, "type": "Canvas", "label": {"none": [label]}, **size, "items": [page]}
        resource = {"@id": file, "@type": "dctypes:Image"}
        if service:
            context = f"http://iiif.io/api/image/{service}/context.json"
            resource["service"] = {"@context": context, "@id": self.root + images}
        painting = {"@type": "oa:Annotation", "motivation": "sc:painting", "resource": resource, "on": identity}
        return {"@id": identity, "@type": "sc:Canvas", "label": label, **size, "images": [painting]}


def information(service: str, version: int, size: tuple[int, int] = SIZE, **more) -> dict:
    """The `info.json` of a page's image."""
    key = "id" if version == 3 else "@id"
    context = f"http://iiif.io/api/image/{version}/context.json"
    profile = "level2" if version == 3 else ["http://iiif.io/api/image/2/level2.json", more.pop("says", {})]
    return {"@context": context, key: service, "width": size[0], "height": size[1], "profile": profile, **more}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        library, came = self.server, time.monotonic()
        answers = library.answers.get(self.path, [(404, {}, b"")])
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        if "Slow" in headers:
            time.sleep(float(headers["Slow"]))
        library.asked.append((self.path, self.headers.get("User-Agent"), came, time.monotonic()))
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def library():
    server = Library()
    with serving(server):
        yield server
