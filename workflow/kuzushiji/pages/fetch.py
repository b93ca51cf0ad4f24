"""Fetching the pages of a IIIF manifest from a library: one request at a time, and none twice.

Images come by the IIIF Image API (1 to 3) in full size, or in the largest that the library gives; where there is no
image service, or it refuses, as the file that the manifest names.

https://iiif.io/api/image/3.0/, https://iiif.io/api/image/2.1/
"""

import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from kuzushiji.common.download import Failing, NotDownloaded, Refused, download, naming
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.progress import Progress
from kuzushiji.pages.manifest import Canvas, image_file, left_out_record, read_left_out, read_manifest
from kuzushiji.pages.pages import too_large, why_unreadable
from kuzushiji.pages.scans import OPENED, Scan
from kuzushiji.pages.unpack import page_image

_log = logging.getLogger(__name__)
PAUSE = 1  # seconds between requests
_PATIENCE = 5  # times as long before a failed request is tried again
_TIMEOUT = 60  # seconds without a byte
_DOWN = 3  # pages in a row at which a library has errors of its own, and is taken to be down as a whole
_AGAIN = "All that came is kept: run it again later to go on"


def fetch(
    scans: Sequence[Scan],
    folder: Path,
    max_megapixels: float,
    pause: float = PAUSE,
    timeout: float = _TIMEOUT,
    ahead: Sequence[Scan] = (),
) -> None:
    """Write the pages `scans` of a manifest to `folder/{image_id}.png`.

    What came is kept beside the manifest, as it came, and not asked for again (`manifest.image_file`). Images of more
    than `max_megapixels` are not decoded. `pause`: seconds between requests; `timeout`: seconds without a byte that
    count as a lost connection. `ahead`: further pages of the manifest that are fetched too, so that all problems show
    at once.

    Raises `InputError`, which names the canvas, if the library does not answer, or has errors of its own at several
    pages in a row or at all of them: then all that came is here, and the next call goes on. Pages that it does not
    give, or whose images cannot be used, are noted beside the manifest, so that the next run leaves them out; then one
    `InputError` for all of them follows the last page. Raises `OSError`, with the path, if a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Path(scans[0].source)
    canvases, record = read_manifest(manifest).canvases, left_out_record(manifest)
    problems: dict[str, str] = {}
    failing = 0  # pages since the last at which the library had no error of its own
    here = set(scans)
    every = list(dict.fromkeys([*scans, *ahead]))
    files = {scan: image_file(manifest, scan.image_id, canvases[scan.frame]) for scan in every}
    wanted = sum(not file.exists() for file in files.values())
    with Progress(len(every), "pages") as progress:
        for scan in every:
            canvas, file = canvases[scan.frame], files[scan]
            new = not file.exists()
            try:
                if new:
                    _fetch_image(canvas, file, pause, timeout)
                    failing = 0
                data = _decoded(file, max_megapixels) if new or scan in here else None
            except Refused as error:
                failing = failing + 1 if isinstance(error, Failing) else 0
                if failing == min(_DOWN, wanted):
                    raise InputError(
                        f"{_named(canvas)}: {error}\nThe library has errors of its own at every page of late "
                        f"({failing}), and may be down. {_AGAIN}, or choose other pages"
                    ) from error
                problems[scan.image_id] = f"{_named(canvas)}: {error}"
                continue
            except _Unusable as error:
                problems[scan.image_id] = f"{_named(canvas)}: {_set_aside(file, error, new, record)}"
                continue
            except InputError as error:
                raise InputError(f"{_named(canvas)}: {error}\n{_AGAIN}") from error
            if scan in here:
                _write(folder / f"{scan.image_id}.png", data)
            progress.update()
    if problems:
        _write(record, json.dumps(read_left_out(manifest) | problems, indent=1, ensure_ascii=False).encode())
        raise InputError(
            f"Pages that the library does not give ({len(problems)}):\n"
            + "\n".join(f"{image_id}: {problem}" for image_id, problem in problems.items())
            + f"\nRun it again to read the others, or first delete {record} to have these asked for once more"
        )


def note_wanted(scans: Sequence[Scan]) -> None:
    """Keep beside their manifest which pages a run wants of it, for its jobs to fetch ahead.

    No setting of these jobs says it: they would be made again when a page of another chunk is added.
    """
    with replacing(_wanted_record(scans[0].source)) as partial:
        partial.write_text(json.dumps([list(scan) for scan in scans]), encoding="utf-8")


def read_wanted(manifest: str) -> list[Scan]:
    """What `note_wanted` kept; nothing if there is no record, or a damaged one."""
    try:
        return [Scan(*scan) for scan in json.loads(_wanted_record(manifest).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def _wanted_record(manifest: str) -> Path:
    return Path(manifest).with_name("wanted.json")


def image_address(info: dict, service: str) -> str:
    """The address of an image in the largest size that its service gives, by the service's `info.json`.

    Raises `ValueError` if that does not say the image's size, or sizes that cannot be.
    """
    contexts, profiles = _list(info.get("@context")), _list(info.get("profile"))
    says = {key: value for part in profiles if isinstance(part, dict) for key, value in part.items()} | info
    if any("api/image/3" in str(context) for context in contexts) or info.get("type") == "ImageService3":
        # The largest size within its limits, and never more than the image has.
        return f"{service}/full/max/0/default.jpg"
    try:
        width, height = int(info["width"]), int(info["height"])
        limits = {key: float(says[key]) for key in ("maxWidth", "maxHeight", "maxArea") if says.get(key)}
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("does not say how large the image is") from error
    if not all(size >= 1 for size in (width, height, *limits.values())):
        raise ValueError("does not say how large the image is, but sizes below 1")
    across = limits.get("maxWidth", width)
    # A limit of the width alone is one of the height too.
    scale = min(1, across / width, limits.get("maxHeight", limits.get("maxWidth", height)) / height)
    scale = min(scale, (limits.get("maxArea", width * height) / (width * height)) ** 0.5)
    size = "full"
    if scale < 1:
        size = f"{int(width * scale)},"
        listed = [_size(entry) for entry in _list(says.get("sizes"))]
        fitting = [entry for entry in listed if 0 < entry[0] <= width * scale]
        if fitting and any("level0" in str(profile) for profile in profiles):  # has no sizes but those
            size = "{},{}".format(*max(fitting))
    first = any("image-api/1" in str(said) for said in (*contexts, *profiles))
    return f"{service}/full/{size}/0/{'native' if first else 'default'}.jpg"


def _fetch_image(canvas: Canvas, file: Path, pause: float, timeout: float) -> None:
    """Download a canvas's image to `file`, from its service or else as the manifest names it.

    Raises `Refused` if neither gives it, and of these `Failing` if one had an error of its own, as `_download`.
    """
    refused = None
    if canvas.service:
        try:
            _download(_address_by_service(canvas.service, file, pause, timeout), file, file, pause, timeout)
            return
        except Refused as error:
            if not canvas.image:
                raise
            _log.warning("%s: %s; taking %s", canvas.identity, error.problem, canvas.image)
            refused = error
    try:
        _download(canvas.image, file, file, pause, timeout)
    except Refused as error:
        # Manifests name images that were never there: that says nothing of a service that is down.
        raise refused if isinstance(refused, Failing) else error from None


def _address_by_service(service: str, file: Path, pause: float, timeout: float) -> str:
    """`image_address` by a service's `info.json`. Raises `Refused` too if that is of no use, else as `_download`."""
    address = f"{service}/info.json"
    received = file.with_suffix(".json")
    _download(address, received, file, pause, timeout)
    try:
        return image_address(_information(received), service)
    except ValueError as error:
        raise Refused(f"{address}: {error}", _by_hand(file)) from error
    finally:
        received.unlink()


def _information(received: Path) -> dict:
    """What an `info.json` says of an image. Raises `ValueError` if it is none."""
    try:
        found = json.loads(received.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError("is no JSON") from error
    if not isinstance(found, dict):
        raise ValueError("is malformed")
    return found


def _download(address: str, destination: Path, image: Path, pause: float, timeout: float) -> None:
    """`download`, but its errors say where the page's `image` can be put: nothing else that is there is looked at."""
    time.sleep(pause)
    try:
        download(address, destination, pause=_PATIENCE * pause, timeout=timeout)
    except NotDownloaded as error:
        raise type(error)(error.problem, _by_hand(image)) from error


def _by_hand(image: Path) -> str:
    return f"fetch the page's image by other means and put it at {image.absolute()}"


class _Unusable(Exception):
    """An image is here, and is no page."""


def _decoded(file: Path, max_megapixels: float) -> bytes:
    """The page that a file holds, as a PNG. Raises `_Unusable`, or `OSError` where the system cannot read the file."""
    try:
        with naming(file):
            with Image.open(file, formats=OPENED) as image:
                problem = too_large(*image.size, max_megapixels)
            if not problem:
                return page_image(file, 0)
    except Exception as error:  # Pillow's readers raise of every kind at damaged files
        if isinstance(error, OSError) and error.errno:
            raise
        problem = why_unreadable(error)
    raise _Unusable(problem)


def _set_aside(file: Path, problem: Exception, new: bool, record: Path) -> str:
    """Say of an image that cannot be used what to do, and delete it if it is `new`: others a person put there."""
    if not new:
        return f"{file.absolute()}: {problem}. Mend it first, or delete it to leave the page out"
    file.unlink(missing_ok=True)
    return f"its image: {problem}. To have it fetched anew, delete {record}, or put a better one at {file.absolute()}"


def _write(path: Path, content: bytes) -> None:
    with naming(path), replacing(path) as partial:
        partial.write_bytes(content)


def _named(canvas: Canvas) -> str:
    return f"canvas {canvas.identity}" + (f" ({canvas.label})" if canvas.label else "")


def _size(entry: object) -> tuple[int, int]:
    try:
        return int(entry["width"]), int(entry["height"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0, 0


def _list(value: object) -> list:
    return value if isinstance(value, list) else [value] if value else []
