"""Made-up hands, on strokes in KanjiVG's form that were drawn for this test."""

import zipfile

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from kuzushiji.common.errors import InputError
from kuzushiji.common.files import checksum
from kuzushiji.common.fonts import has_ink, render, trim
from kuzushiji.synthetic import strokes as strokes_module
from kuzushiji.synthetic.hand import write_character, write_hand
from kuzushiji.synthetic.strokes import SIDE, Strokes, fetch_strokes

# Three level strokes, a frame of three, and eight short ones around a long one.
PATHS = {
    "三": ["M20,25 L90,25", "M25,55c10,-2,40,-2,60,0", "M15,85h80"],
    "口": ["M25,30V85", "M25,30H85V85", "M25,85H85"],
    "雨": ["M10,15H100", *[f"M{20 + 20 * column},{40 + 25 * row}l4,6" for column in range(4) for row in range(2)]],
}
HAND = {"seed": 1, "smoothing": 2.0, "joined": 0.0, "width": 7, "dropped": 0.0}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("strokes") / "kanjivg.zip"
    with zipfile.ZipFile(path, "w") as file:
        for character, paths in PATHS.items():
            code = f"{ord(character):05x}"
            lines = [f'<path id="kvg:{code}-s{n}" kvg:type="x" d="{d}"/>' for n, d in enumerate(paths, start=1)]
            file.writestr(f"kanji/{code}.svg", f'<svg><g id="kvg:StrokePaths_{code}">{"".join(lines)}</g></svg>')
        file.writestr("kanji/04e09-Kaisho.svg", "a variant")
    return path


def pieces(ink):
    return cv2.connectedComponents(ink)[0] - 1


def test_strokes_come_in_their_order_with_points_at_even_distances(archive):
    strokes = Strokes(archive)
    assert strokes.characters == sorted(PATHS)
    first, curve, last = strokes.of("三")
    assert np.allclose(first[[0, -1]], [[20, 25], [90, 25]])
    assert np.allclose(curve[[0, -1]], [[25, 55], [85, 55]]) and 53 < curve[:, 1].min() < 55
    assert np.allclose(last[[0, -1]], [[15, 85], [95, 85]])
    for line in (first, curve, last):
        distances = np.hypot(*np.diff(line, axis=0).T)
        assert np.allclose(distances, distances.mean(), rtol=0.05) and 0.8 < distances.mean() < 1.6


def test_a_font_shows_what_the_hand_writes(archive, tmp_path):
    write_hand(archive, HAND, tmp_path / "plain.ttf", 1)
    assert has_ink(tmp_path / "plain.ttf", "".join(PATHS) + "人") == [True] * len(PATHS) + [False]
    for character in PATHS:
        rng = np.random.default_rng([HAND["seed"], ord(character)])
        ink = trim(write_character(Strokes(archive).of(character), HAND, rng))
        drawn = trim(render(tmp_path / "plain.ttf", character, 4 * SIDE))
        assert np.allclose(drawn.shape, ink.shape, atol=6)
        drawn = cv2.resize(drawn, ink.shape[::-1]) > 127
        assert (drawn & ink.astype(bool)).sum() > 0.9 * (drawn | ink.astype(bool)).sum(), character
    # The frame has a hole.
    frame = trim(render(tmp_path / "plain.ttf", "口", 4 * SIDE))
    assert frame[frame.shape[0] // 2, frame.shape[1] // 2] == 0
    assert ImageFont.truetype(str(tmp_path / "plain.ttf"), 40).getname()[0] == "plain"


def test_the_same_hand_gives_the_same_bytes_with_any_number_of_processes(archive, tmp_path):
    for number, (hand, processes) in enumerate(((HAND, 1), (HAND, 2), (HAND | {"seed": 2}, 1))):
        (tmp_path / str(number)).mkdir()
        write_hand(archive, hand, tmp_path / f"{number}/hand.ttf", processes)
    first, second, other = ((tmp_path / f"{number}/hand.ttf").read_bytes() for number in range(3))
    assert first == second != other


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), smoothing=st.floats(1, 10), width=st.floats(2, 12))
def test_a_hand_that_joins_its_strokes_writes_in_one_piece(archive, seed, smoothing, width):
    hand = HAND | {"smoothing": smoothing, "width": width}
    strokes = Strokes(archive).of("三")
    apart, joined = (
        write_character(strokes, hand | {"joined": share}, np.random.default_rng(seed)) for share in (0, 1)
    )
    assert set(np.unique(joined)) == {0, 1} and joined.shape[0] == joined.shape[1]
    assert pieces(joined) == 1 and (joined >= apart).all()
    edges = np.concatenate([joined[0], joined[-1], joined[:, 0], joined[:, -1]])
    assert not edges.any()  # nothing leaves the margin


def test_a_smoother_hand_rounds_corners_and_a_fast_one_leaves_short_strokes_out(archive):
    corner, many = Strokes(archive).of("口"), Strokes(archive).of("雨")
    areas = [trim(write_character(corner[1:2], HAND | {"smoothing": s}, np.random.default_rng(0))) for s in (1, 9)]
    # Where the corner was, the smoother hand leaves no ink.
    assert areas[0][:12, -12:].any() and not areas[1][:12, -12:].any()
    whole, few = (write_character(many, HAND | {"dropped": share}, np.random.default_rng(0)) for share in (0.0, 1.0))
    assert pieces(whole) == 9 and pieces(few) == 1


def test_what_is_no_archive_of_strokes_is_said(tmp_path):
    bad = tmp_path / "bad.zip"
    bad.write_text("no archive")
    with pytest.raises(InputError, match=r"bad\.zip: cannot be read as KanjiVG's archive"):
        Strokes(bad)
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(InputError, match=r"empty\.zip: holds no kanji/"):
        Strokes(tmp_path / "empty.zip")


def test_only_the_release_that_was_tried_is_taken(tmp_path, monkeypatch):
    """From pip's index, here a folder."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    with pytest.raises(InputError, match=r"pip could not get kanjivg==\d+; put the wheel .* there by hand, as .*zip"):
        fetch_strokes(tmp_path / "strokes.zip")
    release = strokes_module._RELEASE.replace("==", "-")
    wheel = index / f"{release}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr(
            f"{release}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: kanjivg\nVersion: {release[-8:]}\n"
        )
        file.writestr(f"{release}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{release}.dist-info/RECORD", "")
    with pytest.raises(InputError, match="pip got another kanjivg"):
        fetch_strokes(tmp_path / "strokes.zip")
    assert not (tmp_path / "strokes.zip").exists()
    monkeypatch.setattr(strokes_module, "_SHA256", checksum(wheel))
    fetch_strokes(tmp_path / "strokes.zip")
    assert (tmp_path / "strokes.zip").read_bytes() == wheel.read_bytes()
