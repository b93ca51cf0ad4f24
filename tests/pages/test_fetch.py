"""Pages that come from a library, one request at a time, with all that servers do wrong."""

import errno
import io
import json
import re
from email.utils import formatdate
from pathlib import Path
from time import time

import pytest
from library_for_tests import SIZE, encoded, information, number_of, picture
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.pages.fetch import fetch, image_address, note_wanted, read_wanted
from kuzushiji.pages.manifest import get_manifest, image_file, left_out_record, read_manifest
from kuzushiji.pages.scans import list_scans
from kuzushiji.pages.unpack import page_image

FIRST = "/images/book-1"


@pytest.fixture
def book(library, tmp_path):
    """A function that fetches the first pages of a book of three, and returns their numbers and sizes."""
    path = tmp_path / "manifest.json"

    def get(pages=3, pause=0, timeout=5, folder="out", max_megapixels=1):
        get_manifest(library.root + "/book/manifest.json", path)
        scans = list_scans.__wrapped__(str(path))[0][:pages]
        fetch(scans, tmp_path / folder, max_megapixels, pause, timeout)
        found = {}
        for file in sorted((tmp_path / folder).iterdir()):
            with Image.open(file) as image:
                assert image.format == "PNG"
                found[file.stem] = (number_of(image), image.size)
        return found

    library.give_book("book", 3, 3, 3)
    return get


@pytest.mark.parametrize("version, service", [(2, None), (2, 2), (3, 2), (3, 3), (3, None)])
def test_every_page_comes_once_in_full_size(library, book, version, service):
    library.give_book("book", 3, version, service)
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}
    assert len(library.asked) == 1 + 3 * (2 if service else 1)
    assert all(agent.startswith("kuzushiji") for _, agent, _, _ in library.asked)
    assert book(folder="again") and len(library.asked) == 1 + 3 * (2 if service else 1)  # all of it was kept


def test_requests_follow_each_other_with_a_pause(library, book):
    book(pause=0.1)
    ends = [done for *_, done in library.asked]
    begins = [came for _, _, came, _ in library.asked]
    assert all(begin - end > 0.09 for end, begin in zip(ends[:-1], begins[1:], strict=True))


def test_pages_that_the_library_does_not_have_are_listed_together_and_left_out_the_next_time(library, book, tmp_path):
    library.answers[f"{FIRST}/full/max/0/default.jpg"] = [(404, {}, b"")]
    library.answers["/files/book-1.jpg"] = [(403, {}, b"")]
    whole = encoded(picture(3))
    library.gives("/images/book-3/full/max/0/default.jpg", whole[: len(whole) // 2])  # as it lies on the server
    with pytest.raises(InputError) as error:
        book()
    said = str(error.value)
    assert said.startswith("Pages that the library does not give (2):\n")
    assert f"book_0001: canvas {library.root}/book/canvas/1 (1): {library.root}/files/book-1.jpg: cannot be" in said
    assert "403" in said and f"canvas {library.root}/book/canvas/3 (3): its image: is truncated or damaged" in said
    assert "Run it again to read the others" in said
    before = len(library.asked)
    assert book() == {"book_0002": (2, SIZE)} and len(library.asked) == before
    # What a person puts where the message says counts.
    picture(1).save(re.search(r"at (\S+/book_0001-\w+\.jpg)", said)[1], "JPEG", quality=95)
    assert book(folder="by hand").keys() == {"book_0001", "book_0002"} and len(library.asked) == before
    left_out_record(tmp_path / "manifest.json").unlink()  # as the message says
    library.give_book("book", 3, 3, 3)
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}
    assert "/images/book-2/info.json" not in library.paths()[before:]


def test_the_other_pages_of_a_run_are_fetched_ahead_so_that_all_problems_show_at_once(library, tmp_path):
    address = library.give_book("book", 4, 3, None)
    for number in (2, 4):
        library.answers[f"/files/book-{number}.jpg"] = [(404, {}, b"")]
    get_manifest(address, tmp_path / "manifest.json")
    scans = list_scans.__wrapped__(str(tmp_path / "manifest.json"))[0]
    note_wanted(scans)
    assert read_wanted(scans[0].source) == list(scans)
    with pytest.raises(InputError, match=r"(?s)does not give \(2\).*book_0002.*book_0004"):
        fetch(scans[:1], tmp_path / "0", 1, 0, ahead=read_wanted(scans[0].source))
    assert [path.name for path in (tmp_path / "0").iterdir()] == ["book_0001.png"]
    before = len(library.asked)
    fetch([scans[2]], tmp_path / "1", 1, 0)  # has come
    assert [path.name for path in (tmp_path / "1").iterdir()] == ["book_0003.png"] and len(library.asked) == before
    (tmp_path / "wanted.json").write_text("damaged")
    assert read_wanted(scans[0].source) == []


def test_a_library_that_refuses_its_service_gives_the_plain_image(library, book):
    for path in (f"{FIRST}/info.json", "/images/book-2/full/max/0/default.jpg"):
        library.answers[path] = [(400, {}, b"")]
    library.gives("/images/book-3/info.json", b"no JSON")
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}
    assert {f"/files/book-{number}.jpg" for number in (1, 2, 3)} <= set(library.paths())


@pytest.mark.parametrize("after", ["1", "date", None])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_library_is_asked_again_when_it_says(library, book, after, status, monkeypatch):
    waited = []
    monkeypatch.setattr("kuzushiji.common.download.time.sleep", waited.append)
    headers = {"Retry-After": formatdate(time() + 7, usegmt=True) if after == "date" else after} if after else {}
    path = f"{FIRST}/full/max/0/default.jpg"
    library.gives(path, (status, headers, b""), (status, headers, b""), encoded(picture(1)))
    assert book(pages=1, pause=0.01) == {"book_0001": (1, SIZE)}
    assert library.paths().count(path) == 3
    waits = [seconds for seconds in waited if seconds != 0.01]
    expected = {"1": (1, 1), "date": (5, 7), None: (0.1, 0.2)}[after]
    assert len(waits) == 2 and all(expected[0] <= seconds <= expected[1] for seconds in waits)


@pytest.mark.parametrize(
    "answer, says",
    [
        ((429, {"Retry-After": "86400"}, b""), "429.*asks to wait 86400 seconds"),
        ((200, {"Slow": "0.4"}, b""), "timed out"),
        ((200, {"Content-Length": "100000"}, b"cut"), "3 bytes read"),
    ],
)
def test_a_library_that_fails_stops_the_job_and_nothing_is_lost(library, book, answer, says):
    path = "/images/book-2/full/max/0/default.jpg"
    library.gives(path, answer)
    with pytest.raises(
        InputError, match=rf"(?s)canvas {library.root}/book/canvas/2 \(2\): .*{says}.*run it again later"
    ):
        book(timeout=0.2)
    assert "/images/book-3/info.json" not in library.paths()
    assert "/files/book-2.jpg" not in library.paths()  # no other request while it does not answer
    library.gives(path, encoded(picture(2)))
    before = len(library.asked)
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}
    assert not any("book-1" in asked for asked in library.paths()[before:])


ERROR = (500, {}, b"")


@pytest.mark.parametrize("path", ["info.json", "full/max/0/default.jpg"])
@pytest.mark.parametrize("broken", [(1,), (2,), (3,), (1, 2), (2, 3)])
def test_pages_at_which_the_library_has_an_error_are_left_out_and_the_others_are_read(library, book, path, broken):
    for number in broken:
        library.gives(f"/images/book-{number}/{path}", ERROR)
        library.gives(f"/files/book-{number}.jpg", (404, {}, b""))
    with pytest.raises(InputError, match=rf"does not give \({len(broken)}\)") as error:
        book()
    for number in broken:
        assert f"book_000{number}: canvas {library.root}/book/canvas/{number} ({number}): " in str(error.value)
        assert f"{library.root}/images/book-{number}/{path}: cannot be downloaded (500 " in str(error.value)
    before = len(library.asked)
    others = {1, 2, 3} - set(broken)
    assert book() == {f"book_000{number}": (number, SIZE) for number in others} and len(library.asked) == before


@pytest.mark.parametrize("path", ["info.json", "full/max/0/default.jpg"])
def test_where_the_service_has_an_error_the_plain_image_is_taken(library, book, path):
    for number in (1, 2, 3):
        library.gives(f"/images/book-{number}/{path}", ERROR)
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}


@pytest.mark.parametrize("pages, file", [(5, ERROR), (5, (404, {}, b"")), (1, ERROR)])
def test_a_library_that_is_down_is_asked_again_later_and_no_page_is_left_out(library, book, tmp_path, pages, file):
    library.give_book("book", 5, 3, 3)
    down = [number for number in (1, 3, 4, 5) if number <= pages]
    for number in down:
        library.gives(f"/images/book-{number}/info.json", ERROR)
        library.gives(f"/files/book-{number}.jpg", file)
    with pytest.raises(InputError, match=rf"(?s)canvas/{pages} .*.500 .*may be down.*run it again later"):
        book(pages)
    assert not left_out_record(tmp_path / "manifest.json").exists()
    for number in down:
        library.gives(f"/files/book-{number}.jpg", encoded(picture(number)))
    assert book(pages).keys() == {f"book_000{number}" for number in range(1, pages + 1)}
    assert library.paths().count("/images/book-2/info.json") == (1 if pages == 5 else 0)  # had come


def test_a_library_that_is_down_for_the_last_pages_is_asked_again_later(library, book, tmp_path):
    book(1)
    for number in (2, 3):
        library.gives(f"/images/book-{number}/info.json", ERROR)
        library.gives(f"/files/book-{number}.jpg", ERROR)
    with pytest.raises(InputError, match=r"(?s)canvas/3 .*may be down.*run it again later"):
        book()
    assert not left_out_record(tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("answer", [(403, {}, b""), ERROR, (429, {"Retry-After": "86400"}, b""), (200, {}, b"[]")])
def test_where_a_page_has_its_service_alone_the_message_says_where_its_image_can_be_put(library, book, answer):
    manifest = json.loads(library.answers["/book/manifest.json"][0][2])
    del manifest["items"][1]["items"][0]["items"][0]["body"]["id"]
    library.gives("/book/manifest.json", manifest)
    library.gives("/images/book-2/info.json", answer)
    with pytest.raises(InputError, match=rf"canvas/2 .*: {library.root}/images/book-2/info.json: ") as error:
        book()
    (place,) = re.findall(r"put it at (\S+)", str(error.value))
    picture(2).save(place, "JPEG", quality=95)
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}


def as_file(image, kind):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


LARGE = as_file(Image.new("1", (1001, 1000)), "PNG")
SAID = {LARGE: "1001x1000 pixels are more than 1 megapixels", b"no image": "is no image that can be read"}


def test_an_image_in_the_colors_of_printers_is_converted(library, book):
    cmyk = as_file(picture(2).convert("CMYK"), "JPEG")
    library.gives("/images/book-2/full/max/0/default.jpg", cmyk)
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}


def test_an_image_that_is_too_large_is_left_out_and_never_decoded(library, book, monkeypatch):
    library.gives("/images/book-2/full/max/0/default.jpg", LARGE)
    decoded = []
    monkeypatch.setattr(
        "kuzushiji.pages.fetch.page_image", lambda file, frame: decoded.append(file.name) or page_image(file, frame)
    )
    with pytest.raises(InputError, match=rf"(?s)give \(1\):\nbook_0002: .* \(2\): its image: {SAID[LARGE]}") as error:
        book()
    assert [name[:9] for name in decoded] == ["book_0001", "book_0003"]
    assert book() == {"book_0001": (1, SIZE), "book_0003": (3, SIZE)}
    picture(2).save(re.search(r"better one at (\S+)", str(error.value))[1], "JPEG", quality=95)
    assert book(folder="by hand").keys() == {"book_0001", "book_0002", "book_0003"}


@pytest.mark.parametrize("content", SAID, ids=["large", "none"])
def test_an_image_put_there_by_hand_that_cannot_be_used_stays_and_is_named(library, book, content):
    library.answers["/images/book-2/full/max/0/default.jpg"] = [(404, {}, b"")]
    library.answers["/files/book-2.jpg"] = [(404, {}, b"")]
    with pytest.raises(InputError, match="404") as error:
        book()
    file = Path(re.search(r"put it at (\S+)", str(error.value))[1])
    file.write_bytes(content)
    for _ in range(2):
        with pytest.raises(InputError, match=rf"canvas/2 \(2\): {file}: {SAID[content]}.*delete it to leave"):
            book()
        assert file.read_bytes() == content
    file.unlink()
    assert book() == {"book_0001": (1, SIZE), "book_0003": (3, SIZE)}


def test_where_the_system_cannot_read_an_image_it_stays(library, book, tmp_path, monkeypatch):
    def unread(file, frame):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("kuzushiji.pages.fetch.page_image", unread)
        with pytest.raises(OSError, match=r"Input/output error: '\S+/images/book_0001-\w+\.jpg'"):
            book()
    assert not left_out_record(tmp_path / "manifest.json").exists()
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}
    assert library.paths().count(f"{FIRST}/full/max/0/default.jpg") == 1


def test_a_full_disk_is_no_fault_of_the_page(library, book, tmp_path, monkeypatch):
    get_manifest(library.root + "/book/manifest.json", tmp_path / "manifest.json")
    (canvas, *_) = read_manifest(tmp_path / "manifest.json").canvases
    file = image_file(tmp_path / "manifest.json", "book_0001", canvas)
    part = file.parent / ".partial" / file.name / "part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(OSError, match=f"No space left on device: '{part}'"):
        book()
    part.unlink()
    page = tmp_path / "out/book_0001.png"
    write_bytes = Path.write_bytes
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", lambda path, content: write_bytes(Path("/dev/full"), content))
        with pytest.raises(OSError, match=f"No space left on device: '{page}'"):
            book()
    assert file.exists() and not page.exists() and not left_out_record(tmp_path / "manifest.json").exists()
    assert book() == {f"book_000{number}": (number, SIZE) for number in (1, 2, 3)}


def test_a_lost_connection_is_taken_up(library, book):
    whole = encoded(picture(1))
    path = f"{FIRST}/full/max/0/default.jpg"
    library.gives(path, (200, {"Content-Length": str(len(whole))}, whole[:1000]), whole)
    assert book(pages=1) == {"book_0001": (1, SIZE)}


def test_an_image_is_asked_for_in_the_largest_size_that_its_service_gives(library, book):
    service = library.root + FIRST
    library.give_book("book", 1, 2, 2)
    library.gives(f"{FIRST}/info.json", information(service, 2, says={"maxHeight": 200}))
    library.gives(f"{FIRST}/full/150,/0/default.jpg", encoded(picture(1, (150, 200))))
    library.gives(f"{FIRST}/full/full/0/default.jpg", (400, {}, b""))
    assert book() == {"book_0001": (1, (150, 200))}


@pytest.mark.parametrize(
    "info, size",
    [
        (information("s", 3), "max/0/default"),
        (information("s", 3, maxWidth=100), "max/0/default"),
        (information("s", 2), "full/0/default"),
        (information("s", 2, says={"maxWidth": 5000}), "full/0/default"),
        (information("s", 2, says={"maxWidth": 200, "maxHeight": 400}), "200,/0/default"),
        (information("s", 2, says={"maxWidth": 300}), "225,/0/default"),  # 300 is the largest height too
        (information("s", 2, says={"maxWidth": 300, "maxHeight": 400}), "full/0/default"),
        (information("s", 2, says={"maxHeight": 200}), "150,/0/default"),
        (information("s", 2, says={"maxArea": 30000}), "150,/0/default"),
        (
            information("s", 2)
            | {
                "profile": ["http://iiif.io/api/image/2/level0.json", {"maxWidth": 200}],
                "sizes": [{"width": 75, "height": 100}, {"width": 150, "height": 200}, {"width": 300, "height": 400}],
            },
            "150,200/0/default",
        ),
        (
            {"@context": "http://library.stanford.edu/iiif/image-api/1.1/context.json", "width": 300, "height": 400},
            "full/0/native",
        ),
    ],
)
def test_the_size_follows_from_what_the_service_says(info, size):
    assert image_address(info, "http://a/s") == f"http://a/s/full/{size}.jpg"


@pytest.mark.parametrize(
    "info",
    [
        {},
        {"width": "wide", "height": 400},
        {"width": 0, "height": 0},
        {"width": 300, "height": -400},
        {"width": float("inf"), "height": 400},
        {"width": 300, "height": 400, "maxArea": -1},
        {"width": 300, "height": 400, "maxWidth": 0.5},
    ],
)
def test_a_service_that_says_no_size_or_none_that_can_be_is_of_no_use(info):
    with pytest.raises(ValueError, match="how large"):
        image_address({"@context": "http://iiif.io/api/image/2/context.json"} | info, "http://a/s")


def test_where_the_service_says_sizes_that_cannot_be_the_plain_image_is_taken(library, book):
    library.give_book("book", 1, 2, 2)
    library.gives(f"{FIRST}/info.json", information(library.root + FIRST, 2, (0, 0)))
    assert book() == {"book_0001": (1, SIZE)}
    assert "/files/book-1.jpg" in library.paths()


def test_a_manifest_that_changed_does_not_take_the_images_of_another_page(library, book, tmp_path):
    book()
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    manifest["items"].reverse()
    Path(tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert {name: number for name, (number, _) in book(folder="new").items()} == {
        "book_0001": 3,
        "book_0002": 2,
        "book_0003": 1,
    }
