"""The strokes of characters, in the order of writing: those of KanjiVG (Ulrich Apel, CC BY-SA 3.0)."""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path.parser import parse_path

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import checksum, replacing

SIDE = 109  # of the square that a character stands in
_RELEASE = "kanjivg==20260714"
_SHA256 = "5190e7ec4eb513dbe6865b2ed52c58287fc10ea514b9409e4cf66ce7db41644d"
_STEP = 1.2  # between the points of a stroke
_CURVE = np.linspace(0, 1, 13)[1:, None]
_PATH = re.compile(r'<path id="[^"]*-s\d+"[^>]* d="([^"]+)"')


def fetch_strokes(destination: Path) -> None:
    """Get KanjiVG's release from the index of packages that pip uses, as a ZIP archive.

    Raises `InputError`, which says where to put the file by hand, if pip cannot get it or it is another one.
    """
    by_hand = f"put the wheel of {_RELEASE} there by hand, as {destination}"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, _RELEASE]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        found = list(Path(folder).glob("*.whl"))
        if run.returncode or len(found) != 1:
            raise InputError(f"pip could not get {_RELEASE}; {by_hand}:\n{run.stderr[-1000:]}")
        if checksum(found[0]) != _SHA256:
            raise InputError(f"pip got another {_RELEASE} than the one of this workflow; {by_hand}")
        with replacing(destination) as partial:
            partial.write_bytes(found[0].read_bytes())


class Strokes:
    """KanjiVG's archive: the strokes of a character as lines of points (n, 2), x to the right and y down.

    Raises `InputError` if the file is no such archive.
    """

    def __init__(self, archive: Path):
        try:
            self.archive = zipfile.ZipFile(archive)
        except (OSError, zipfile.BadZipFile) as error:
            raise InputError(f"{archive}: cannot be read as KanjiVG's archive ({error}); remove it") from error
        names = (re.fullmatch(r"kanji/([0-9a-f]{5})\.svg", name) for name in self.archive.namelist())
        self.characters = sorted(chr(int(name[1], 16)) for name in names if name)
        if not self.characters:
            raise InputError(f"{archive}: holds no kanji/*.svg; remove it, and it is fetched again")

    def of(self, character: str) -> list[np.ndarray]:
        """Its strokes in the order of writing, their points at even distances; without those of no length."""
        text = self.archive.read(f"kanji/{ord(character):05x}.svg").decode("utf-8")
        lines = (_evenly(_points(path)) for path in _PATH.findall(text))
        return [line for line in lines if line is not None]


def _points(path: str) -> np.ndarray:
    """The points of an SVG path of lines and cubic curves, (n, 2)."""
    pen = RecordingPen()
    parse_path(path, pen)
    points = np.empty((0, 2))
    for kind, arguments in pen.value:
        given = np.array(arguments, dtype=float).reshape(-1, 2)
        if kind == "curveTo":
            t, ends = _CURVE, np.concatenate([points[-1:], given])
            given = sum(binomial * (1 - t) ** (3 - k) * t**k * ends[k] for k, binomial in enumerate((1, 3, 3, 1)))
        points = np.concatenate([points, given])
    return points


def _evenly(points: np.ndarray) -> np.ndarray | None:
    upto = np.concatenate([[0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    if upto[-1] < _STEP / 2:
        return None
    places = np.linspace(0, upto[-1], max(4, round(upto[-1] / _STEP)))
    return np.stack([np.interp(places, upto, axis) for axis in points.T], axis=1)
