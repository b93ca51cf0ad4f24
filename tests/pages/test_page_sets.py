import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.pages import page_sets


def make_folder(folder, *names):
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    return str(folder)


def test_subsets_of_subsets_take_the_books_that_all_allow(tmp_path):
    sets = {
        "a": {"images": make_folder(tmp_path / "a", "brsk001-001.jpg", "umgy001-001.JPG", "notes.txt")},
        "drawn": {"synthetic": {"volume": 1, "books": {"sousyo": {"pages": 2}}}},
        "train": {"of": ["a", "drawn"]},
        "val": {"of": ["train"], "books": ["brsk", "sousyo"]},
    }
    pages = page_sets.pages(sets, "val", 4)
    assert [(page.image_id, page.image_set) for page in pages] == [
        ("brsk001-001", "a"),
        ("sousyo001-001", "drawn"),
        ("sousyo001-002", "drawn"),
    ]
    assert page_sets.sources(sets, "val") == ["a", "drawn"]
    sets["rest"] = {"of": ["train"], "without_books": ["brsk", "sousyo"]}
    assert [page.image_id for page in page_sets.pages(sets, "rest", 4)] == ["umgy001-001"]
    assert not page_sets.labelled(sets, "val")
    assert page_sets.labelled(sets, "drawn")


def test_a_page_of_several_subsets_counts_once(tmp_path):
    for name in ("a_1.png", "b_1.png"):
        (tmp_path / name).touch()
    sets = {"mine": {"images": str(tmp_path)}, "a": {"of": ["mine"], "books": ["a"]}, "all": {"of": ["a", "mine"]}}
    assert [page.image_id for page in page_sets.pages(sets, "all", 2)] == ["a_1", "b_1"]
    sets["any"] = {"of": ["mine"], "books": None}  # what a subset of config.yaml names, taken back
    assert len(page_sets.pages(sets, "any", 2)) == 2


def test_corrections_are_those_of_all_on_the_way_the_nearest_last():
    sets = {"a": {"images": "a", "corrections": "a.csv"}, "b": {"images": "b"}, "both": {"of": ["a", "b"]}}
    sets["own"] = {"of": ["both"], "corrections": "own.csv"}
    assert {name: page_sets.corrections(sets, name) for name in sets} == {
        "a": ["a.csv"],
        "b": [],
        "both": ["a.csv"],
        "own": ["a.csv", "own.csv"],
    }


def test_a_source_may_take_some_pages_of_its_folder(tmp_path):
    folder = make_folder(tmp_path / "a", "1.jpg", "2.png", "3.jpg")
    sets = {"a": {"images": folder, "pages": ["3", 1]}, "b": {"images": folder, "pages": ["4"]}}
    assert [page.image_id for page in page_sets.pages(sets, "a", 1)] == ["1", "3"]
    with pytest.raises(InputError, match=r"page_sets: .*/a has no image of 4"):
        page_sets.pages(sets, "b", 1)


def test_mistakes_in_page_sets_name_their_key(tmp_path):
    empty = make_folder(tmp_path / "empty", "page.gif")
    sets = {"empty": {"images": empty}, "none": {"images": "no/such"}, "loop": {"of": ["loop"]}, "drawn": {"of": ["x"]}}
    for name, message in {
        "empty": "holds no page images",
        "none": r"no/such: there is no such folder",
        "loop": "loop → loop",
        "drawn": "no page set x; known are empty",
    }.items():
        with pytest.raises(InputError, match=message):
            page_sets.pages(sets, name, 4)
    sets = {
        "drawn": {"synthetic": {"volume": 1, "books": {"kouzan": {"pages": 1}}}},
        "view": {"of": ["drawn"], "books": [200014740]},
    }
    with pytest.raises(InputError, match="view: no page of the books 200014740"):
        page_sets.pages(sets, "view", 4)
    sets["nothing"] = {"of": ["drawn"], "without_books": ["kouzan"]}
    with pytest.raises(InputError, match="nothing: no page is left"):
        page_sets.pages(sets, "nothing", 4)


def test_the_text_of_drawn_and_transcribed_pages_is_known():
    sets = {
        "scans": {"images": "scans"},
        "transcribed": {"images": "others", "transcriptions": "texts.csv"},
        "drawn": {"synthetic": {}},
        "both": {"of": ["scans", "transcribed"]},
        "view": {"of": ["scans"]},
    }
    known = {name for name in sets if page_sets.transcribed(sets, name)}
    assert known == {"transcribed", "drawn", "both"}
