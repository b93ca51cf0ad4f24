import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kuzushiji.common.errors import InputError
from kuzushiji.pages.competition_data import competition_data

IDS = {"train_images": ["brsk001-001", "brsk001-002", "hnsd001-001"], "test_images": ["test_1", "test_2"]}
LABELS = """image_id,labels
brsk001-001,U+3042 1 2 3 4 U+3044 1 8 3 4
brsk001-002,
hnsd001-001,U+3042 1 2 3 4
"""
SAMPLE = "image_id,labels\ntest_2,U+003F 1 1\ntest_1,U+003F 1 1\n"


@pytest.fixture
def settings(tmp_path):
    counts = {"training_pages": 3, "training_pages_with_characters": 2, "test_pages": 2, "codepoints": 2}
    return {"name": "kuzushiji-recognition", "folder": str(tmp_path / "competition"), **counts}


@pytest.fixture
def no_client(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8), 200, np.uint8)).save(path)


def lay_out(folder):
    for part, ids in IDS.items():
        for image_id in ids:
            picture(folder / part / f"{image_id}.jpg")
    (folder / "train.csv").write_text(LABELS)
    (folder / "sample_submission.csv").write_text(SAMPLE)


def pack(folder, archive, nested):
    """The competition's zip file: with folders of images, or with a zip file of the images of each folder."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as whole:
        for part in IDS:
            if nested:
                with zipfile.ZipFile(folder / f"{part}.zip", "w") as inner:
                    for path in (folder / part).iterdir():
                        inner.write(path, path.name)
                whole.write(folder / f"{part}.zip", f"{part}.zip")
            else:
                for path in (folder / part).iterdir():
                    whole.write(path, f"{part}/{path.name}")
        for name in ("train.csv", "sample_submission.csv"):
            whole.write(folder / name, name)
        whole.writestr("../outside.csv", "not ours")
        whole.writestr("../train_images/../../outside.jpg", "not ours")


def test_hand_placed_files_are_counted_and_reported(settings, no_client):
    lay_out(Path(settings["folder"]))
    report = "\n".join(competition_data(settings))
    assert "train_images: 3 pages" in report and "test_images: 2 pages" in report
    assert "3 rows, 2 pages with 3 characters, 2 different codepoints" in report


@pytest.mark.parametrize("nested", [False, True])
def test_a_zip_file_put_there_is_unpacked_and_nothing_is_overwritten(settings, no_client, tmp_path, nested):
    lay_out(tmp_path / "source")
    folder = Path(settings["folder"])
    pack(tmp_path / "source", folder / "kuzushiji-recognition.zip", nested)
    mine = folder / "train_images" / "brsk001-001.jpg"
    mine.parent.mkdir()
    mine.write_bytes(b"put here by hand")
    competition_data(settings)
    assert mine.read_bytes() == b"put here by hand"
    test_page = Path("test_images", "test_1.jpg")
    assert (folder / test_page).read_bytes() == (tmp_path / "source" / test_page).read_bytes()
    assert (folder / "train.csv").read_text() == LABELS
    # Nothing lands outside, nothing that is not the competition's inside, no scratch stays.
    assert not list(tmp_path.glob("outside*")) and not list(tmp_path.parent.glob("outside*"))
    known = {"train_images", "test_images", "train.csv", "sample_submission.csv", "kuzushiji-recognition.zip"}
    assert {path.name for path in folder.iterdir()} == known


def client(folder, script):
    folder.mkdir()
    program = folder / "kaggle"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_kaggles_client_is_asked_where_nothing_is_there(settings, tmp_path, monkeypatch):
    lay_out(tmp_path / "source")
    pack(tmp_path / "source", tmp_path / "served.zip", nested=True)
    script = f'echo "$@" >> {tmp_path}/asked; echo "Downloading 100%"; cp {tmp_path}/served.zip "$5/$3.zip"'
    monkeypatch.setenv("PATH", client(tmp_path / "bin", script))
    with open(tmp_path / "terminal", "w") as terminal:
        competition_data(settings, terminal)
    asked = (tmp_path / "asked").read_text().strip()
    assert asked == f"competitions download kuzushiji-recognition --path {settings['folder']}/.kaggle"
    assert "Downloading 100%" in (tmp_path / "terminal").read_text()
    # What is there is not asked for again.
    competition_data(settings)
    assert (tmp_path / "asked").read_text().count("\n") == 1


def test_an_unpacking_that_was_cut_off_is_finished(settings, no_client, tmp_path):
    lay_out(tmp_path / "source")
    folder = Path(settings["folder"])
    pack(tmp_path / "source", folder / "kuzushiji-recognition.zip", nested=False)
    competition_data(settings)
    (folder / "test_images" / "test_2.jpg").unlink()
    competition_data(settings)
    assert (folder / "test_images" / "test_2.jpg").exists()


def test_without_client_or_token_the_way_to_the_data_is_told(settings, tmp_path, monkeypatch, no_client):
    steps = "accept the rules on https://www.kaggle.com/competitions/kuzushiji-recognition/rules"
    with pytest.raises(
        InputError, match=f"lacks train.csv, train_images, test_images; there is no program kaggle(.|\n)*{steps}"
    ):
        competition_data(settings)
    monkeypatch.undo()
    monkeypatch.setenv("PATH", client(tmp_path / "bin", 'echo half > "$5/$3.zip"; echo 401 - Unauthorized >&2; exit 1'))
    for _ in range(2):  # what it left is not taken for the whole
        with pytest.raises(InputError, match=f"401 - Unauthorized(.|\n)*{steps}"):
            competition_data(settings)


def test_a_damaged_zip_file_is_named(settings, no_client):
    folder = Path(settings["folder"])
    folder.mkdir()
    (folder / "kuzushiji-recognition.zip").write_bytes(b"PK but cut off")
    with pytest.raises(InputError, match=r"kuzushiji-recognition.zip: damaged"):
        competition_data(settings)


def test_all_that_is_wrong_is_told_at_once(settings, no_client):
    folder = Path(settings["folder"])
    lay_out(folder)
    (folder / "train_images" / "hnsd001-001.jpg").rename(folder / "train_images" / "other-001.jpg")
    (folder / "test_images" / "test_2.jpg").unlink()
    (folder / "train.csv").write_text(LABELS.replace("U+3044 1 8 3 4", "U+3042 1 8 3"))
    with pytest.raises(InputError) as caught:
        competition_data(settings)
    for expected in (
        "train.csv: row 2: brsk001-001: 9 values are no run",
        "test_images holds 1 pages in place of 2",
        "1 pages of train.csv have no image in train_images: hnsd001-001",
        "1 pages of train_images have no row in train.csv: other-001",
        "1 pages of sample_submission.csv have no image in test_images: test_2",
        "train.csv has 1 pages with characters in place of 2",
        "train.csv has 1 different codepoints in place of 2",
    ):
        assert re.search(re.escape(expected), str(caught.value)), expected
