"""A classifier that learns a book's hand, and does not forget what the book does not have."""

from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from crops_for_tests import SETTINGS, draw_crops

from kuzushiji.classifier.adapt_classifier import adapt_classifier
from kuzushiji.classifier.classifier import Outputs, train
from kuzushiji.crops.crops import cut_crops
from kuzushiji.published.import_small_classifier import import_small_classifier

CONFIG = yaml.safe_load(Path("config.yaml").read_text())
KNOWN, NEW = ["U+3042", "U+3044"], "U+3046"  # circles and lines, and rectangles
NOWHERE = "U+4E00"  # of which there is no crop
TRAINED = SETTINGS | {"letterbox": False, "shear": 0, "elastic": 0, "stroke": 0, "sampling": None, "mixing": None}
TRAINED |= {"epochs": 8, "erasing": None, "schedule": {"kind": "multistep", "milestones": [6], "factor": 0.1}}
CHANGES = {
    "epochs": 1,
    "base_learning_rate": 0.005,
    "warmup_epochs": 0.1,
    "schedule": {"kind": "cosine", "period": 0.9, "minimum": 0.0001},
    "sampling": {"crops": 640, "power": 0.5, "shares": {"mine": 0.5, "replay": 0.5}},
}

pytestmark = pytest.mark.usefixtures("one_thread")


def outputs(folder, name):
    return Outputs(*(folder / f"{name}.{kind}" for kind in ("pth", "history", "confusions")))


def test_it_learns_new_characters_and_keeps_those_that_the_book_lacks(tmp_path):
    rows = draw_crops(tmp_path)
    column, line = rows["box"] % 10, rows["box"] // 10
    corners = {"x_min": 40 * column, "y_min": 40 * line, "x_max": 40 * column + 40, "y_max": 40 * line + 40}
    book = rows.assign(image_id="book", **corners)
    cut_crops(book, {"book": tmp_path / "page.png"}, tmp_path / "1.arrow", 0.05)
    crops, state = [tmp_path / "0.arrow", tmp_path / "1.arrow"], tmp_path / "state"

    known = rows[rows["codepoint"].isin(KNOWN)]
    train(crops[:1], known[:40], known[40:], [*KNOWN, NOWHERE], TRAINED, state, outputs(tmp_path, "start"))
    before = torch.load(tmp_path / "start.pth", weights_only=True)
    assert before["history"][-1]["accuracy"] > 0.9

    # The book has rectangles alone, which the replayed page does not have.
    training = pd.concat([book[:60].query("codepoint == @NEW"), known[:40]], ignore_index=True)
    adapt_classifier(
        tmp_path / "start.pth",
        crops,
        training[["image_id", "box", "codepoint"]],
        rows[60:],
        set(training["codepoint"]),
        {"book": "mine", "page": "replay"},
        CHANGES,
        state,
        outputs(tmp_path, "adapted"),
    )
    after = torch.load(tmp_path / "adapted.pth", weights_only=True)
    assert after["charset"] == [*KNOWN, NEW, NOWHERE]
    assert after["settings"] == TRAINED | CHANGES
    assert after["history"][-1]["macro_accuracy"] > 0.9  # of all three


@pytest.mark.parametrize("file", CONFIG["small"]["classifiers"].values())
def test_the_shipped_classifiers_can_be_adapted_on_a_cpu(tmp_path, file):
    """Whatever they were trained with: one was before some settings existed, one was on a GPU."""
    rows = draw_crops(tmp_path)
    import_small_classifier(file, tmp_path / "start.pth")
    changes = CONFIG["adaptation"]["training"]
    changes |= {"sampling": {"crops": 128, "power": 0.5, "shares": {"mine": 1.0}}}
    adapt_classifier(
        tmp_path / "start.pth",
        [tmp_path / "0.arrow"],
        rows[:60],
        rows[60:],
        {NEW},
        {"page": "mine"},
        changes,
        tmp_path / "state",
        outputs(tmp_path, "adapted"),
    )
    after = torch.load(tmp_path / "adapted.pth", weights_only=True)
    assert len(after["history"]) == 1 and after["settings"]["precision"] == "float32"
