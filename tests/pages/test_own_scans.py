"""A folder of scans, and the models that read it."""

import os

import pytest
import yaml

from kuzushiji.common.errors import InputError
from kuzushiji.pages.own_scans import newest_models, reading

CONFIG = {"round": "first", "page_sets": {"train": {"images": "a"}}, "recognize": ["test"]}


def note(results, place, config, time):
    path = results / place / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump(config))
    os.utime(path, (time, time))


def test_the_newest_models_are_those_that_read_last(tmp_path):
    note(tmp_path, "refine/provenance/test", {"round": "refine"}, 1000)
    note(tmp_path, "first/provenance/test", {"round": "first"}, 2000)
    note(tmp_path, "first/provenance/val", {"round": "first", "chunks": 3}, 1500)
    note(tmp_path, "published/provenance/test", {"round": "published"}, 3000)  # asked for by that name alone
    noted = tmp_path / "first/provenance/test/config.yaml"
    assert newest_models(tmp_path, ["published"]) == (noted, {"round": "first"})


def test_without_models_the_ways_to_them_are_told(tmp_path):
    with pytest.raises(InputError, match=r"no models are here yet.*round=published.*make demo.*MODELS=demo"):
        newest_models(tmp_path, ["published"])


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
