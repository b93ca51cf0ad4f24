"""The confidence of pages, on made tables."""

import pandas as pd
import pytest
from transcripts_for_tests import columns

from kuzushiji.common.tables import SCHEMAS
from kuzushiji.text import confidence
from kuzushiji.text.confidence import page_confidence, pages_to_check

SETTINGS = {"boxes": 4, "filtered": 0.5, "spacing": 0.05, "size": 0.1, "least": 0.4}


def boxes(page, kept, dropped, probability, keep_probability=1.0):
    return pd.DataFrame(
        {
            "image_id": page,
            "box": range(kept + dropped),
            "probability": probability,
            "keep_probability": keep_probability,
            "kept": [True] * kept + [False] * dropped,
        }
    ).astype({"image_id": object, "kept": bool})


def rated(*tables, more=(), corrected=(), ordered=None):
    recognized = pd.concat(tables) if tables else boxes("none", 0, 0, 0)
    pages = pd.DataFrame({"image_id": [*recognized["image_id"].unique()[::-1], *more], "book": "any"})
    ordered = SCHEMAS["ordered"].empty_table().to_pandas() if ordered is None else ordered
    return page_confidence(recognized, ordered, pages, SETTINGS, corrected).set_index("image_id")


@pytest.mark.parametrize(
    ("kept", "dropped", "probability", "expected", "note"),
    [
        (100, 20, 0.9, 0.9, ""),
        (100, 100, 0.9, 0.9, ""),  # as many dropped as may be
        (0, 30, 0.9, 0, confidence.NO_WRITING),
        (1, 0, 0.9, 0.225, confidence.HARDLY_ANY),
        (3, 0, 0.9, 0.675, ""),  # few, but sure
        (20, 80, 0.9, 0.36, confidence.REJECTED),
        (100, 20, 0.3, 0.3, confidence.UNSURE),
    ],
)
def test_the_note_says_what_is_doubtful(kept, dropped, probability, expected, note):
    page = rated(boxes("a", kept, dropped, probability)).loc["a"]
    assert page["confidence"] == pytest.approx(expected, abs=1e-4)
    assert page["note"] == note
    assert page["boxes"] == kept
    assert page["filtered"] == pytest.approx(dropped / (kept + dropped), abs=1e-4)
    assert page["probability"] == pytest.approx(probability if kept else 0, abs=1e-4)


def test_what_is_as_even_as_type_is_not_believed():
    hand, typeset = columns("hand", jitter=12), columns("type", jitter=1)
    sure = [boxes(page, 60, 0, 0.9) for page in ("hand", "type")]
    table = rated(*sure, ordered=pd.concat([hand, typeset]))
    assert table.loc["hand", ["confidence", "note"]].tolist() == [0.9, ""]
    assert table.loc["type", "confidence"] < 0.4 and table.loc["type", "note"] == confidence.TYPESET
    # Ragged columns of one size are no type, as in scriptures, nor are even ones of all sizes.
    assert rated(*sure, ordered=columns("type", jitter=12, wide=0))["note"].tolist() == ["", ""]
    assert rated(*sure, ordered=columns("type", jitter=1, wide=12))["note"].tolist() == ["", ""]


def test_corrected_pages_are_believed_and_not_to_be_checked():
    doubtful = [boxes("few", 1, 0, 1.0), boxes("rejected", 20, 80, 1.0), boxes("other", 1, 0, 1.0)]
    table = rated(*doubtful, more=["empty"], corrected={"few", "rejected", "empty"})
    assert table["confidence"].to_dict() == {"empty": 1, "few": 1, "rejected": 1, "other": 0.25}
    assert table[table["note"] != ""].index.tolist() == ["other"]
    assert table.loc["few", "boxes"] == 1 and table.loc["rejected", "filtered"] == 0.8  # as they are
    said = pages_to_check(table.reset_index())
    assert said[0].startswith("Pages to check first (1 of 4)") and "other" in said[1] and len(said) == 2


def test_a_box_that_may_be_none_counts_less():
    assert rated(boxes("a", 10, 0, 0.8, 0.5)).loc["a", "confidence"] == pytest.approx(0.4)


def test_every_page_has_a_row_and_none_knows_of_others():
    table = rated(boxes("b", 10, 0, 0.8), boxes("a", 5, 5, 0.6), more=["empty"])
    assert list(table.index) == ["a", "b", "empty"]
    assert table.loc["b", "confidence"] == rated(boxes("b", 10, 0, 0.8)).loc["b", "confidence"]
    assert table.loc["empty"].tolist() == ["any", 0, 0.0, 0, 0, confidence.NO_WRITING]
    assert rated(more=["blank"])["note"].tolist() == [confidence.NO_WRITING]


def test_the_least_sure_pages_are_named_first():
    table = rated(boxes("good", 10, 0, 0.9), boxes("dim", 10, 0, 0.3), more=["blank"]).reset_index()
    first, *pages = pages_to_check(table)
    assert first.startswith("Pages to check first (2 of 3)")
    assert pages == [f"  blank  0.00  {confidence.NO_WRITING}", f"  dim  0.30  {confidence.UNSURE}"]
    assert pages_to_check(table, most=1)[2:] == ["  and 1 more"]
    assert pages_to_check(table[table["image_id"] == "good"]) == []


def test_pages_come_as_people_count_them():
    table = rated(*[boxes(f"page {number}", 0, 30, 0.9) for number in (1, 10, 2)], more=["頁１０", "頁２"])
    assert list(table.index) == ["page 1", "page 2", "page 10", "頁２", "頁１０"]
    named = [line.split("  ")[1] for line in pages_to_check(table.reset_index())[1:]]
    assert named == list(table.index)
