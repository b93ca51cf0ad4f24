"""A folder of scans, and the models that read it."""

import copy
import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import write_table
from kuzushiji.pages.own_scans import (
    adapting,
    corrections_beside,
    labelled_pages,
    newest_models,
    page_set_name,
    pages_in_range,
    path_as_typed,
    path_for_jobs,
    reading,
    scan_record,
    with_defaults,
)

CONFIG = {"round": "first", "page_sets": {"train": {"images": "a"}}, "recognize": ["test"]}
IMPORTED = ("published", "small", "adapted")


def note(results, place, config, time):
    path = results / place / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(config))
    os.utime(path, (time, time))


def test_the_newest_models_are_those_that_read_last(tmp_path):
    newest = {"round": "first", "page_sets": {}}
    note(tmp_path, "refine/provenance/test", {"round": "refine"}, 1000)
    note(tmp_path, "first/provenance/test", newest, 2000)
    note(tmp_path, "first/provenance/val", {"round": "first", "chunks": 3}, 1500)
    for number, imported in enumerate(IMPORTED):  # asked for by their names alone
        note(tmp_path, f"{imported}/provenance/test", {"round": imported}, 3000 + number)
    noted = tmp_path / "first/provenance/test/config.yaml"
    assert newest_models(tmp_path, IMPORTED) == (noted, newest)


@pytest.mark.parametrize("content", [b"round: [", b"", b"\xff\xfe\xff", b"round: first\n"])
def test_a_damaged_configuration_of_the_newest_models_is_named_with_the_way_on(tmp_path, content):
    note(tmp_path, "first/provenance/test", {}, 2000)
    (tmp_path / "first/provenance/test/config.yaml").write_bytes(content)
    with pytest.raises(
        InputError, match=r"config.yaml: is damaged.*--force -- .*first/provenance/test\).*WEIGHTS=small"
    ):
        newest_models(tmp_path, IMPORTED)


@pytest.mark.parametrize(
    ("section", "key"),
    [("detection", "expand"), ("classification", "optimizer"), ("export", "start_share"), ("detect", "faster")],
)
def test_models_from_before_a_key_still_read(section, key):
    defaults = yaml.safe_load(Path("config.yaml").read_text())
    noted = copy.deepcopy(defaults)
    del noted[section][key], noted["booster"]["tune"]["trials"]
    noted["detect"]["mode"] = "fast"
    noted["classifiers"] = {"mine": {"epochs": 1}}
    noted["page_sets"] = {"mine": {"images": "scans"}}
    expected = defaults | {name: noted[name] for name in ("classifiers", "page_sets")}
    expected["detect"] = defaults["detect"] | {"mode": "fast"}
    assert with_defaults(noted, defaults) == expected


def test_without_trained_models_the_small_ones_read(tmp_path):
    assert newest_models(tmp_path, IMPORTED) == (None, {"round": "small"})
    note(tmp_path, "small/provenance/test", {"round": "small"}, 1000)
    assert newest_models(tmp_path, IMPORTED) == (None, {"round": "small"})
    (tmp_path / "adapted/classifiers").mkdir(parents=True)
    (tmp_path / "adapted/classifiers/small_01.pth").touch()
    assert newest_models(tmp_path, IMPORTED) == (None, {"round": "adapted"})


@pytest.mark.parametrize(
    ("name", "called"),
    [("my scans", "my_scans"), ("本", "本"), ("か\u3099", "が"), ("brsk-1", "brsk-1"), ("!", "scans")],
)
def test_a_folder_becomes_the_page_set_that_is_read(tmp_path, name, called):
    scans = [tmp_path / name / f"{page}.jpg" for page in range(33)]
    config = reading(CONFIG, str(tmp_path / name), scans, tmp_path / "results")
    assert config["recognize"] == [called]
    assert config["page_sets"] == {**CONFIG["page_sets"], called: {"scans": str(tmp_path / name)}}
    assert config["round"] == "first"
    # Again, with what was noted of the first time.
    assert reading(config, str(tmp_path / name), scans, tmp_path / "results") == config


def test_a_linked_folder_is_called_by_its_own_name(tmp_path):
    (tmp_path / "book-17").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "book-17")
    assert reading(CONFIG, "link", [tmp_path / "link/1.jpg"], tmp_path / "results")["recognize"] == ["book-17"]


def name_of(tmp_path, folder, others=()):
    return page_set_name(tmp_path / folder, others, tmp_path / "results")


def remember(tmp_path, name, folder):
    """The record that a check of the scans in `folder` leaves."""
    path = scan_record(name, tmp_path / "results")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"folder": str(tmp_path / folder), "files": {}}))


def test_different_folders_have_different_names_and_each_keeps_its_own(tmp_path):
    names = {}
    for folder in ("A/images", "B/images", "源氏物語", "枕草子", "C/train"):
        names[folder] = name_of(tmp_path, folder, {"train"})
        remember(tmp_path, names[folder], folder)
    assert (names["A/images"], names["源氏物語"], names["枕草子"]) == ("images", "源氏物語", "枕草子")
    assert names["B/images"].startswith("images-") and names["C/train"].startswith("train-")
    assert {folder: name_of(tmp_path, folder, {"train"}) for folder in names} == names


def test_results_of_a_folder_under_its_former_name_are_found_again(tmp_path):
    """Names were ASCII alone, and nothing but the table of pages said whose they are."""
    (tmp_path / "results").mkdir()
    page = {"image_id": "1", "book": "1", "image_set": "scans", "path": str(tmp_path / "源氏物語/1.jpg"), "width": 1}
    write_table(
        pd.DataFrame([page | {"height": 1, "chunk": 0, "note": ""}]), tmp_path / "results/pages/scans.parquet", "pages"
    )
    assert name_of(tmp_path, "源氏物語") == "scans"
    assert name_of(tmp_path, "枕草子") == "枕草子"
    assert name_of(tmp_path, "other/scans").startswith("scans-")


def test_a_long_name_is_cut_between_characters(tmp_path):
    assert name_of(tmp_path, "あ" * 80) == "あ" * 33


NAMES = [
    "0012",
    "1_000",
    "010",
    "1e3",
    "true",
    "null",
    "12:30:00",
    "a: b",
    "[x]",
    "scan #3",
    "源氏　物語",
    "it's $x `ls`",
]


@given(st.sampled_from(NAMES) | st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1))
def test_a_folders_name_arrives_as_it_was_typed_and_jobs_get_the_same(name):
    if not (name[0] == name[-1] and name[0] in "'\""):
        assert path_as_typed("read", ["round=small", f"read={name}"]) == name
    passed = path_for_jobs("read", name)
    assert re.fullmatch(r"read=percent:[\w.~/%-]*", passed, re.ASCII)
    assert path_as_typed("read", [passed]) == name


def test_a_path_in_quotes_is_taken_out_of_them_unless_they_are_in_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert path_as_typed("read", ["read='it''s #3'"]) == "it's #3"
    (tmp_path / '"quoted"').mkdir()
    assert path_as_typed("read", ['read="quoted"']) == '"quoted"'
    assert path_as_typed("read", ["reader=x", "read="]) is None


@pytest.mark.parametrize("folder", ["{x}", "a\nb", "a\\b", "a\udcff"])
def test_a_folder_that_no_rule_could_name_is_refused(tmp_path, folder):
    with pytest.raises(InputError, match="a folder of scans cannot have"):
        reading(CONFIG, folder, [tmp_path / "1.jpg"], tmp_path / "results")


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
    assert adapted["page_sets"]["labelled"] == {"scans": "book", "labels": "labels.csv", "pages": ["page1"]}
    assert adapted["page_sets"][adapted["training"]] == {"of": ["labelled", "replay"]}
    with pytest.raises(InputError, match="say --profile profiles/adapt"):
        adapting({**config, "page_sets": {}}, "book", "labels.csv", ["page1"])
    with pytest.raises(InputError, match="labelled is the name of pages that `adapt` learns from"):
        adapting({**config, "page_sets": {"replay": replay, "labelled": {}}}, "book", "labels.csv", ["page1"])


def test_pages_are_chosen_by_their_numbers_in_their_order():
    pages = [f"page{number}" for number in range(1, 13)]
    assert pages_in_range(pages[::-1], "2-3,12") == ["page2", "page3", "page12"]
    assert pages_in_range(pages, "11-, 1") == ["page1", "page11", "page12"]
    assert pages_in_range(pages, 7) == ["page7"]
    for numbers in ("0", "13", "3-2", "1-13"):
        with pytest.raises(InputError, match=f"page_range: {numbers}: the pages go from 1 to 12"):
            pages_in_range(pages, numbers)
    for numbers in ("", "first", "1--2", "-3"):
        with pytest.raises(InputError, match="as 3-10 or 1,5,8-"):
            pages_in_range(pages, numbers)


def test_corrections_lie_in_the_folder_or_beside_the_file(tmp_path):
    (tmp_path / "book.pdf").touch()
    assert corrections_beside(str(tmp_path)) is corrections_beside(str(tmp_path / "book.pdf")) is None
    for name in ("corrections", "corrections.txt", "corrections.csv"):
        file = tmp_path / name
        file.touch() if file.suffix else file.mkdir()
        for place in (tmp_path, tmp_path / "book.pdf"):
            assert corrections_beside(str(place)) == str(file)
        file.unlink() if file.suffix else file.rmdir()
    for name in ("corrections.txt", "corrections.csv"):  # which is the newest, nobody knows
        (tmp_path / name).touch()
    with pytest.raises(
        InputError, match=r"holds corrections.csv and corrections.txt; keep those that count, or say which"
    ):
        corrections_beside(str(tmp_path))
