"""A folder of scans, and the models that read it."""

import os

import pytest
import yaml

from kuzushiji.common.errors import InputError
from kuzushiji.pages.own_scans import adapting, labelled_pages, newest_models, reading

CONFIG = {"round": "first", "page_sets": {"train": {"images": "a"}}, "recognize": ["test"]}
IMPORTED = ("published", "small", "adapted")


def note(results, place, config, time):
    path = results / place / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(config))
    os.utime(path, (time, time))


def test_the_newest_models_are_those_that_read_last(tmp_path):
    note(tmp_path, "refine/provenance/test", {"round": "refine"}, 1000)
    note(tmp_path, "first/provenance/test", {"round": "first"}, 2000)
    note(tmp_path, "first/provenance/val", {"round": "first", "chunks": 3}, 1500)
    for number, imported in enumerate(IMPORTED):  # asked for by their names alone
        note(tmp_path, f"{imported}/provenance/test", {"round": imported}, 3000 + number)
    noted = tmp_path / "first/provenance/test/config.yaml"
    assert newest_models(tmp_path, IMPORTED) == (noted, {"round": "first"})


def test_without_trained_models_the_small_ones_read(tmp_path):
    assert newest_models(tmp_path, IMPORTED) == (None, {"round": "small"})
    note(tmp_path, "small/provenance/test", {"round": "small"}, 1000)
    assert newest_models(tmp_path, IMPORTED) == (None, {"round": "small"})
    (tmp_path / "adapted/classifiers").mkdir(parents=True)
    (tmp_path / "adapted/classifiers/small_01.pth").touch()
    assert newest_models(tmp_path, IMPORTED) == (None, {"round": "adapted"})


@pytest.mark.parametrize(("name", "called"), [("my scans", "my_scans"), ("本", "scans"), ("brsk-1", "brsk-1")])
def test_a_folder_becomes_the_page_set_that_is_read(tmp_path, name, called):
    scans = [tmp_path / name / f"{page}.jpg" for page in range(33)]
    config = reading(CONFIG, str(tmp_path / name), scans)
    assert config["recognize"] == [called]
    assert config["page_sets"] == {**CONFIG["page_sets"], called: {"images": str(tmp_path / name)}}
    assert config["round"] == "first"
    assert config["chunks"] == 2
    # Again, with what was noted of the first time.
    assert reading(config, str(tmp_path / name), scans) == config


def test_a_linked_folder_is_called_by_its_own_name(tmp_path):
    (tmp_path / "book-17").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "book-17")
    assert reading(CONFIG, "link", [tmp_path / "link/1.jpg"])["recognize"] == ["book-17"]


def test_a_name_that_is_taken_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is a page set train already; rename the folder"):
        reading(CONFIG, str(tmp_path / "train"), [tmp_path / "train/1.jpg"])


@pytest.fixture
def scans(tmp_path):
    (tmp_path / "book").mkdir()
    return [tmp_path / "book" / f"page{number}.jpg" for number in (1, 2, 3)]


def labels(tmp_path, *rows):
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(["image_id,labels", *rows]))
    return path


def test_labelled_pages_are_those_with_a_row(tmp_path, scans):
    rows = labels(tmp_path, "page3,U+3042 1 2 3 4", "page1,")
    assert labelled_pages(rows, scans) == ["page1", "page3"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["other,U+3042 1 2 3 4", "page1,U+3042 1 2 3"],
            r"(?s)\(2\).*4 values are no run.*other has labels, but no image",
        ),
        ([], "holds no box of any page"),
        (["page1,", "page2,"], "holds no box of any page"),
    ],
)
def test_labels_of_other_pages_or_of_none_are_refused(tmp_path, scans, rows, message):
    with pytest.raises(InputError, match=message):
        labelled_pages(labels(tmp_path, *rows), scans)
    with pytest.raises(InputError, match="there is no such label file"):
        labelled_pages(tmp_path / "none.csv", scans)


def test_the_labelled_pages_are_learnt_from_beside_the_replayed_ones():
    replay = {"synthetic": {"volume": 1}}
    config = {**CONFIG, "page_sets": {"replay": replay}, "adaptation": {"replay": "replay"}}
    adapted = adapting(config, "book", "labels.csv", ["page1"])
    assert adapted["page_sets"]["labelled"] == {"images": "book", "labels": "labels.csv", "pages": ["page1"]}
    assert adapted["page_sets"][adapted["training"]] == {"of": ["labelled", "replay"]}
    with pytest.raises(InputError, match="say --profile profiles/adapt"):
        adapting({**config, "page_sets": {}}, "book", "labels.csv", ["page1"])
    with pytest.raises(InputError, match="labelled is the name of pages that `adapt` learns from"):
        adapting({**config, "page_sets": {"replay": replay, "labelled": {}}}, "book", "labels.csv", ["page1"])
