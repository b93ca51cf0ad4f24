"""IIIF manifests, in which libraries list the pages of a book: Presentation API 2 and 3.

https://iiif.io/api/presentation/2.1/, https://iiif.io/api/presentation/3.0/
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from kuzushiji.common.download import download
from kuzushiji.common.errors import InputError, shortened
from kuzushiji.common.files import replacing

NAME = "manifest.json"  # of a manifest that is here
_GENERIC = {"manifest", "manifests", "iiif", "presentation", "api", "info", "v2", "v3", "2", "3"}
_NAME_CHARACTERS = 60
_NUMBER = r"(\d+(?:\.\d+)?)"
_REGION = re.compile(rf"#xywh=(?:pixel:)?{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}$")
_WHERE = "say the address of the manifest, which the library's page gives beside a IIIF logo, or as a link"


class Canvas(NamedTuple):
    """A page: its canvas's id, label and size, the rectangle on it where the image lies, and where that is to be had.

    `region`: left, top, width and height in the canvas's units. `image`: the address of the image as it is, or empty.
    `service`: the id of the image service that gives it in any size, or empty. `problem`: why it cannot be had, or
    empty.
    """

    identity: str
    label: str
    width: float
    height: float
    region: tuple[float, float, float, float]
    image: str
    service: str
    problem: str


class Manifest(NamedTuple):
    """A book, by the name that its pages' ids begin with, and its pages in order."""

    book: str
    canvases: list[Canvas]


def is_address(path: object) -> bool:
    """Whether scans are given by an address of the web, and not by a path."""
    return isinstance(path, str) and bool(re.match(r"https?://", path, re.IGNORECASE))


def book_name(address: str) -> str:
    """What a manifest's book is called: the last part of its address that names it, of what a file's name may have.

    `https://library.example/iiif/2532160/manifest.json` → `2532160`.
    """
    split = urlsplit(address)
    parts = [re.sub(r"\.json$", "", unquote(part), flags=re.IGNORECASE) for part in split.path.split("/")]
    parts += [value for _, _, value in (pair.partition("=") for pair in unquote(split.query).split("&"))]
    named = [re.sub(r"[^\w-]+", "_", part).strip("_") for part in parts if part.lower() not in _GENERIC]
    found = [name for name in named if name]
    return found[-1][:_NAME_CHARACTERS] if found else "book"


def manifest_path(address: str, folder: str | os.PathLike) -> Path:
    """Where the manifest at `address` is kept, in a folder of its own below `folder`, in which its images are too."""
    return Path(folder, f"{book_name(address)}-{hashlib.sha256(address.encode()).hexdigest()[:8]}", NAME)


def get_manifest(address: str, path: Path, pause: float = 5, timeout: float = 60) -> None:
    """Download the manifest at `address` to `path`, unless it is there; `pause` and `timeout` as in `download`.

    What is no manifest is not kept. Raises `InputError`, which names the address and says what to do, if it is none, or
    cannot be had.
    """
    if path.exists():
        return
    download(address, path, pause=pause, timeout=timeout)
    try:
        if not list(_canvases(_parsed(path.read_bytes(), address), address)):
            raise InputError(f"{address}: the manifest lists no pages; {_WHERE}")
    except InputError:
        path.unlink()
        raise
    with replacing(path.with_name("address.txt")) as partial:  # for people who look at the folder
        partial.write_text(address + "\n", encoding="utf-8")


def read_manifest(path: str | os.PathLike) -> Manifest:
    """The manifest that is kept at `path`. Raises `InputError` if it is none."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: the manifest cannot be read ({error.strerror})") from error
    found = _parsed(content, str(path))
    return Manifest(book_name(_identity(found)), list(_canvases(found, str(path))))


def image_file(manifest: Path, image_id: str, canvas: Canvas) -> Path:
    """Where the image of a page is kept, as it came, beside the `manifest`.

    By the image's address too: a manifest that changed may have another at its place.
    """
    address = canvas.service or canvas.image
    return manifest.parent / "images" / f"{image_id}-{hashlib.sha256(address.encode()).hexdigest()[:8]}.jpg"


def left_out_record(manifest: Path) -> Path:
    """Where it is kept which pages of the `manifest` its library did not give, beside it."""
    return manifest.with_name("left_out.json")


def read_left_out(manifest: Path) -> dict[str, str]:
    """Those pages by id, with reasons; none if there is no record, or a damaged one."""
    try:
        found = json.loads(left_out_record(manifest).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _parsed(content: bytes, address: str) -> dict:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        start = content.lstrip()[:15].lower()
        kind = "a web page" if start.startswith((b"<!doctype html", b"<html")) else "no JSON"
        raise InputError(f"{address}: is {kind}, and no IIIF manifest; {_WHERE}") from error
    kind = _kind(found)
    if kind == "Collection":
        members = [found.get(key) for key in ("items", "manifests", "members")]
        addresses = [_identity(member) for part in members for member in _list(part)]
        raise InputError(f"{address}: is a collection of books; say the manifest of one: {shortened(addresses)}")
    if kind != "Manifest" or not any(isinstance(found.get(key), list) for key in ("items", "sequences")):
        raise InputError(f"{address}: is JSON, but no IIIF manifest{f' ({kind})' if kind else ''}; {_WHERE}")
    return found


def _canvases(manifest: dict, address: str) -> Iterator[Canvas]:
    if isinstance(manifest.get("items"), list):
        pages = manifest["items"]
    else:  # further sequences are other orders of the same pages
        pages = _list(_first(manifest["sequences"]).get("canvases"))
    for number, page in enumerate(pages, 1):
        if not isinstance(page, dict) or not _identity(page):
            raise InputError(f"{address}: the manifest is malformed: its page {number} has no id; tell the library")
        yield _canvas(page)


def _canvas(page: dict) -> Canvas:
    identity, label = _identity(page), _label(page.get("label"))
    width, height = _number(page.get("width")), _number(page.get("height"))
    painted = [image for image in _painted(page) if _kind(image[0]) in ("Image", "")]
    empty = Canvas(identity, label, width, height, (0, 0, width, height), "", "", "")
    if not painted:
        return empty._replace(problem="has no image")
    if len(painted) > 1:
        return empty._replace(problem=f"is put together from {len(painted)} images, which is not supported")
    resource, target = painted[0]
    # What is no address is none: the other of the two may be.
    image, service = (found if is_address(found) else "" for found in (_identity(resource), _image_service(resource)))
    if not image and not service:
        return empty._replace(problem="has an image without an address")
    width, height = width or _number(resource.get("width")), height or _number(resource.get("height"))
    part = _REGION.search(target)
    region = tuple(map(float, part.groups())) if part else (0, 0, width, height)
    return Canvas(identity, label, width, height, region, image, service, "")


def _painted(page: dict) -> Iterator[tuple[dict, str]]:
    """The images that are painted on a canvas, and the part of it where."""
    for annotation in _list(page.get("images")):  # Presentation 2
        if isinstance(annotation, dict):
            yield _chosen(annotation.get("resource")), _target(annotation.get("on"))
    for container in _list(page.get("items")):
        for annotation in _list(container.get("items")) if isinstance(container, dict) else []:
            if isinstance(annotation, dict) and annotation.get("motivation", "painting") == "painting":
                yield _chosen(annotation.get("body")), _target(annotation.get("target"))


def _chosen(resource: object) -> dict:
    """An image, or the first of several views of the page among which viewers offer a choice."""
    found = _first(resource)
    if _kind(found) == "Choice":
        found = _first(found.get("default") or found.get("items") or found.get("item"))
    # A part of an image that is named beside it (Presentation 2's oa:SpecificResource, 3's SpecificResource).
    return _first(found.get("full") or found.get("source")) if _kind(found) == "SpecificResource" else found


def _image_service(resource: dict) -> str:
    for service in _list(resource.get("service")):
        if isinstance(service, dict):
            said = " ".join(str(service.get(key, "")) for key in ("@context", "profile", "type", "@type"))
            if re.search(r"ImageService|iiif\.io/api/image|iiif/image-api", said):
                return _identity(service).rstrip("/")
    return ""


def _identity(resource: object) -> str:
    if isinstance(resource, str):
        return resource
    found = resource.get("id", resource.get("@id", "")) if isinstance(resource, dict) else ""
    return found if isinstance(found, str) else ""


def _kind(resource: object) -> str:
    """The type of a resource, in the words of Presentation 3: `sc:Manifest` and `Manifest` are the same."""
    found = resource.get("type", resource.get("@type", "")) if isinstance(resource, dict) else ""
    return found.rpartition(":")[2] if isinstance(found, str) else ""


def _target(target: object) -> str:
    """Where on a canvas, as an address with a fragment."""
    found = _first(target) if not isinstance(target, str) else target
    if isinstance(found, dict) and "selector" in found:
        return f"#{_first(found['selector']).get('value', '')}"
    return _identity(found)


def _label(label: object) -> str:
    """A label in plain text, whatever its language."""
    if isinstance(label, dict):
        label = label.get("@value", next(iter(label.values()), ""))
    found = label[0] if isinstance(label, list) and label else label
    if isinstance(found, dict):
        found = found.get("@value", "")
    return str(found) if isinstance(found, str | int) else ""


def _number(value: object) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else 0


def _list(value: object) -> list:
    return value if isinstance(value, list) else [value] if value else []


def _first(value: object) -> dict:
    found = _list(value)
    return found[0] if found and isinstance(found[0], dict) else {"id": found[0]} if found else {}
