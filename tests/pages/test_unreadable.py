"""Own scans that cannot be read, which do not keep the others from being read."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.pages import unreadable
from kuzushiji.pages.page_sets import list_images, pages
from kuzushiji.pages.scans import list_scans
from kuzushiji.pages.unreadable import lines, recorded, sort_scans, unreadable_table


@pytest.fixture
def scans(tmp_path):
    """A folder of three good pages and a truncated one, and a function that sorts its scans."""
    folder = tmp_path / "scans"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (80, 60, 3), dtype=np.uint8)
    for number in (1, 2, 3, 4):
        Image.fromarray(noise).save(folder / f"{number}.png")
    cut(folder / "2.png")

    def sort(max_megapixels=1):
        list_images.cache_clear()
        return sort_scans(list_images(str(folder)), tmp_path / "record.json", max_megapixels, 1)

    yield folder, sort
    list_images.cache_clear()


def cut(path):
    path.write_bytes(path.read_bytes()[:2000])


def planned(folder, found):
    list_images.cache_clear()
    return [page.image_id for page in pages({"mine": {"images": str(folder), "unreadable": list(found)}}, "mine", 1)]


def test_the_others_are_read(scans):
    folder, sort = scans
    found = sort()
    assert "truncated" in found["2.png"] and len(found) == 1
    assert planned(folder, found) == ["1", "3", "4"]
    assert unreadable_table(found).values.tolist() == [["2.png", found["2.png"]]]
    assert lines(found, most=0) == ["  and 1 more"]


def test_only_what_is_new_changed_or_was_unreadable_is_opened_again(scans, monkeypatch):
    folder, sort = scans
    sort()
    opened = []
    check = unreadable.check_images
    monkeypatch.setattr(unreadable, "check_images", lambda paths, *rest: opened.extend(paths) or check(paths, *rest))
    cut(folder / "3.png")
    assert sorted(sort()) == ["2.png", "3.png"]
    assert [os.path.basename(path) for path in opened] == ["2.png", "3.png"]
    sort(2)  # by another limit all are
    assert len(opened) == 2 + 4


def test_jobs_plan_what_the_run_found(scans, tmp_path):
    found = scans[1]()
    assert recorded(tmp_path / "record.json") == found
    assert recorded(tmp_path / "none.json") == {}


def test_a_damaged_record_is_made_again(scans, tmp_path):
    found = scans[1]()
    (tmp_path / "record.json").write_text("[" + json.dumps({}))
    assert scans[1]() == found


def test_of_two_files_of_one_page_the_first_is_read(scans):
    folder, sort = scans
    (folder / "1.jpg").write_bytes((folder / "1.png").read_bytes())
    found = sort()
    assert found["1.png"] == "is called as 1.jpg is, which is read; rename one of them"
    (folder / "1.jpg").write_bytes(b"no image")  # then the other one
    assert sorted(sort()) == ["1.jpg", "2.png"]


def test_names_that_results_cannot_have_are_left_out(scans):
    folder, sort = scans
    good = (folder / "1.png").read_bytes()
    for name in (b"no\xff.png", b"li\nne.png", b"{x}.png", b"back\\slash.png", b"a" * 240 + b".png"):
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(good)
    found = sort()
    assert len(found) == 6
    said = "\n".join(lines(found))
    assert said.isascii() and said.count("\n") == 5
    assert unreadable_table(found).to_csv().encode()
    assert planned(folder, found) == ["1", "3", "4"]


def test_among_subfolders_what_is_cut_is_left_out(scans, tmp_path):
    folder, _ = scans
    book = folder / "book"
    book.mkdir()
    for name in ("1.png", "2.png"):  # the page 2 of each is cut; names repeat in subfolders
        (book / name).write_bytes((folder / name).read_bytes())
    Image.open(folder / "1.png").save(folder / "book.pdf", resolution=300)

    def plan():
        files = sorted({Path(scan.source) for scan in list_scans.__wrapped__(str(folder))[0]})
        found = sort_scans(files, tmp_path / "record.json", 1, 1, folder)
        planned = pages({"mine": {"scans": str(folder), "unreadable": list(found)}}, "mine", 1)
        return found, {page.image_id: page.path for page in planned}

    found, planned = plan()
    assert sorted(found) == ["2.png", "book/2.png"] and "truncated" in found["book/2.png"]
    whole = ["1", "3", "4", "book_0001", "book_1"]
    assert planned == {name: f"results/unpacked/mine/0/{name}.png" for name in whole}
    (book / "2.png").write_bytes((folder / "1.png").read_bytes())
    for found, again in (plan(), plan()):
        assert list(found) == ["2.png"]
        assert again == planned | {"book_2": "results/unpacked/mine/0/book_2.png"}


def test_a_folder_without_any_readable_scan_stops(scans):
    folder, sort = scans
    for path in folder.iterdir():
        path.write_bytes(b"no image")
    with pytest.raises(InputError, match=r"no scan can be read:\n  1.png: is no image.*\n  2.png"):
        sort()
