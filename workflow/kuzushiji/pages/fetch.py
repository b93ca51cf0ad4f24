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

from kuzushiji.common.download import Refused, download
from kuzushiji.common.errors import InputError
from kuzushiji.common.files import replacing
from kuzushiji.common.progress import Progress
from kuzushiji.pages.manifest import Canvas, image_file, left_out_record, read_left_out, read_manifest
from kuzushiji.pages.pages import why_unreadable
from kuzushiji.pages.scans import Scan
from kuzushiji.pages.unpack import page_image

_log = logging.getLogger(__name__)
PAUSE = 1  # seconds between requests
_PATIENCE = 5  # times as long before a failed request is tried again
_TIMEOUT = 60  # seconds without a byte


def fetch(
    scans: Sequence[Scan],
    folder: Path,
    pause: float = PAUSE,
    timeout: float = _TIMEOUT,
    ahead: Sequence[Scan] = (),
) -> None:
    """Write the pages `scans` of a manifest to `folder/{image_id}.png`.

    What came is kept beside the manifest, as it came, and not asked for again (`manifest.image_file`). `pause`: seconds
    between requests; `timeout`: seconds without a byte that count as a lost connection. `ahead`: further pages of the
    manifest that are fetched too, so that all problems show at once.

    Raises `InputError`, which names the canvas, if the library does not answer: then all that came is here, and the
    next call goes on. Pages that it does not have, or whose images are damaged, are noted beside the manifest, so that
    the next run leaves them out; then one `InputError` for all of them follows the last page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Path(scans[0].source)
    canvases = read_manifest(manifest).canvases
    problems: dict[str, str] = {}
    here = set(scans)
    every = list(dict.fromkeys([*scans, *ahead]))
    with Progress(len(every), "pages") as progress:
        for scan in every:
            canvas = canvases[scan.frame]
            file = image_file(manifest, scan.image_id, canvas)
            file.parent.mkdir(exist_ok=True)
            new = not file.exists()
            try:
                if new:
                    _fetch_image(canvas, file, pause, timeout)
                data = page_image(file, 0) if new or scan in here else None
            except Refused as error:
                problems[scan.image_id] = f"{_named(canvas)}: {error}"
                continue
            except InputError as error:
                raise InputError(
                    f"{_named(canvas)}: {error}\nAll that came is kept: run it again later to go on"
                ) from error
            except Exception as error:  # Pillow's readers raise of every kind at damaged files
                file.unlink()
                problems[scan.image_id] = f"{_named(canvas)}: its image {why_unreadable(error)}"
                continue
            if scan in here:
                with replacing(folder / f"{scan.image_id}.png") as partial:
                    partial.write_bytes(data)
            progress.update()
    if problems:
        record = left_out_record(manifest)
        with replacing(record) as partial:
            text = json.dumps(read_left_out(manifest) | problems, indent=1, ensure_ascii=False)
            partial.write_text(text, encoding="utf-8")
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

    Raises `ValueError` if that does not say the image's size.
    """
    contexts, profiles = _list(info.get("@context")), _list(info.get("profile"))
    says = {key: value for part in profiles if isinstance(part, dict) for key, value in part.items()} | info
    if any("api/image/3" in str(context) for context in contexts) or info.get("type") == "ImageService3":
        # The largest size within its limits, and never more than the image has.
        return f"{service}/full/max/0/default.jpg"
    try:
        width, height = int(info["width"]), int(info["height"])
        limits = {key: float(says[key]) for key in ("maxWidth", "maxHeight", "maxArea") if says.get(key)}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("its info.json does not say how large the image is") from error
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
    if canvas.service:
        try:
            address = image_address(_information(canvas.service, file, pause, timeout), canvas.service)
            _download(address, file, pause, timeout)
            return
        except (Refused, ValueError) as error:
            if (isinstance(error, InputError) and not isinstance(error, Refused)) or not canvas.image:
                raise
            _log.warning("%s: %s; taking %s", canvas.identity, error, canvas.image)
    _download(canvas.image, file, pause, timeout)


def _information(service: str, file: Path, pause: float, timeout: float) -> dict:
    """What `info.json` says of a service's image."""
    received = file.with_suffix(".json")
    _download(f"{service}/info.json", received, pause, timeout)
    try:
        found = json.loads(received.read_bytes())
    finally:
        received.unlink()
    if not isinstance(found, dict):
        raise ValueError("its info.json is malformed")
    return found


def _download(address: str, file: Path, pause: float, timeout: float) -> None:
    time.sleep(pause)
    download(address, file, pause=_PATIENCE * pause, timeout=timeout)


def _named(canvas: Canvas) -> str:
    return f"canvas {canvas.identity}" + (f" ({canvas.label})" if canvas.label else "")


def _size(entry: object) -> tuple[int, int]:
    try:
        return int(entry["width"]), int(entry["height"])
    except (KeyError, TypeError, ValueError):
        return 0, 0


def _list(value: object) -> list:
    return value if isinstance(value, list) else [value] if value else []
