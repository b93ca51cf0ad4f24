from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from readings_for_tests import PERFECT, simulated

from kuzushiji.align.align import UNMATCHED, align_known, align_pages
from kuzushiji.common.boxes import CORNERS
from kuzushiji.common.codepoints import character
from kuzushiji.common.errors import InputError
from kuzushiji.common.score import match
from kuzushiji.common.tables import SCHEMAS, read_table, write_table
from kuzushiji.pages.labels import read_labels, truth_table
from kuzushiji.text.transcriptions import written

SHARED = Path(__file__).parents[3] / "shared/data"
real = pytest.mark.skipif(not SHARED.exists(), reason="../shared/data with the real pages is not there")
SETTINGS = yaml.safe_load((Path(__file__).parents[2] / "config.yaml").read_text())["align"]
NO_BOXES = SCHEMAS["truth"].empty_table().to_pandas()
SONG = "いろはにほへとちりぬるをわかよたれそつねならむうゐのおくやまけふこえてあさきゆめみしゑひもせす"


def truth_of(text, length=12, image_id="page"):
    """A page of columns of `length` characters."""
    number = np.arange(len(text))
    x, y = 2000 - 150 * (number // length), 200 + 100 * (number % length)
    table = pd.DataFrame({"image_id": image_id, "box": number, "x_min": x, "y_min": y})
    table["x_max"], table["y_max"] = x + 90, y + 85
    return table.assign(codepoint=[f"U+{ord(mark):04X}" for mark in text])


def text_of(truth):
    return {
        image_id: "".join(map(character, page["codepoint"])) for image_id, page in truth.groupby("image_id", sort=False)
    }


def align(truth, text, given=NO_BOXES, seed=0, **odds):
    return align_pages(*simulated(truth, seed, **odds), given, {"page": text}, SETTINGS)


def trust_scores(aligned: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Of each trust, and of `all`: `boxes`, the share `right` of them, and the share `found` of the true boxes."""
    hit = match(aligned, truth)
    rows = []
    for trust in [*sorted(aligned["trust"].unique(), reverse=True), "all"]:
        own = hit if trust == "all" else hit[aligned["trust"] == trust]
        rows.append((trust, len(own), own.mean() if len(own) else 0.0, own.sum() / len(truth) if len(truth) else 0.0))
    return pd.DataFrame(rows, columns=["trust", "boxes", "right", "found"])


@settings(max_examples=15)
@given(st.text(SONG, min_size=1, max_size=60), st.integers(5, 15))
def test_a_page_that_is_read_rightly_aligns_rightly(text, length):
    truth = truth_of(text, length)
    aligned, unmatched = align(truth, text, **PERFECT)
    assert unmatched.empty
    assert aligned["order"].tolist() == list(range(len(text)))
    assert aligned[[*CORNERS, "codepoint"]].to_numpy().tolist() == truth[[*CORNERS, "codepoint"]].to_numpy().tolist()
    assert trust_scores(aligned, truth).iloc[-1].tolist() == ["all", len(text), 1.0, 1.0]


@settings(max_examples=15)
@given(
    st.text(SONG + "、々", min_size=1, max_size=60),
    st.text(SONG, min_size=1, max_size=60),
    st.integers(0, 99),
    st.floats(0, 0.5),
    st.lists(st.integers(0, 59), max_size=5, unique=True),
)
def test_order_rises_and_nothing_is_lost(text, other, seed, dropped, known):
    """Also with a text of which the page has little, and given boxes that it may not have."""
    truth = truth_of(text)
    mixed = text[: len(text) // 2] + other
    given_boxes = truth.iloc[[number for number in known if number < len(truth)]]
    aligned, unmatched = align(truth, mixed, given_boxes, seed, dropped=dropped, spurious=0.3)
    placed = aligned.loc[aligned["order"] >= 0, "order"].tolist()
    assert placed == sorted(set(placed))
    missing = unmatched.loc[unmatched["what"] == "character", "place"].tolist()
    assert sorted(placed + missing) == list(range(len(mixed)))
    named = [character(code) for code in aligned.loc[aligned["order"] >= 0, "codepoint"]]
    assert named == [mixed[place] for place in placed]
    assert aligned["box"].tolist() == list(range(len(aligned)))
    assert (aligned["trust"] == 3).sum() == len(given_boxes)
    assert set(unmatched.loc[unmatched["what"] == "given box", "codepoint"]) <= set(given_boxes["codepoint"])
    assert aligned["posterior"].between(0, 1).all()
    assert (aligned.loc[aligned["trust"] == 2, "posterior"] >= SETTINGS["posterior"]).all()
    assert (aligned.loc[aligned["trust"] == 1, "posterior"] < SETTINGS["posterior"]).all()


def test_what_does_not_fit_is_reported_with_its_context():
    truth = truth_of(SONG)
    aligned, unmatched = align(truth, SONG[:10] + "、梅" + SONG[10:20] + SONG[21:], **PERFECT)
    assert list(unmatched) == UNMATCHED
    characters = unmatched[unmatched["what"] == "character"].set_index("place")
    assert characters["codepoint"].to_dict() == {10: "U+3001", 11: "U+6885"}
    assert characters["context"][10] == f"{SONG[5:10]}【、】梅{SONG[10:14]}"
    (box,) = unmatched[unmatched["what"] == "box"].to_dict("records")
    assert (box["x"], box["y"], box["width"], box["height"]) == (1850, 1000, 90, 85)
    assert box["codepoint"] == f"U+{ord(SONG[20]):04X}"
    assert box["context"] == f"{SONG[15:20]}【】{SONG[21:26]}"
    assert len(aligned) == len(SONG) - 1


def test_what_an_editor_could_not_read_is_no_label():
    truth, text = truth_of(SONG), list(SONG)
    places = [5, 20, 40]
    marks = dict(zip(places, "□■〓", strict=True))
    for place, mark in marks.items():
        text[place] = mark
    aligned, unmatched = align(truth, "".join(text), **PERFECT)
    assert len(aligned) == len(truth) - 3 and (aligned["trust"] == 2).all()
    assert not {f"U+{ord(mark):04X}" for mark in marks.values()} & set(aligned["codepoint"])
    left = unmatched.groupby("what")
    assert left.get_group("character")["place"].tolist() == places
    assert left.get_group("box")["codepoint"].tolist() == truth["codepoint"].iloc[places].tolist()


def test_a_missed_character_gets_a_box_without_trust():
    truth = truth_of(SONG)
    merged, alternatives = simulated(truth.drop(index=17), 0, **PERFECT)
    aligned, unmatched = align_pages(merged, alternatives, NO_BOXES, {"page": SONG}, SETTINGS)
    assert unmatched.empty
    assert aligned.loc[aligned["trust"] == 0, ["order", "posterior", *CORNERS]].to_numpy().tolist() == [
        [17, 0, 1850, 700, 1940, 785]
    ]


def test_given_boxes_hold_the_others_in_place():
    """A text of one character again and again, of which the classifier knows nothing: only anchors tell the places."""
    truth = truth_of("の" * 24)
    merged, alternatives = simulated(truth, 0, jitter=0, dropped=0, spurious=0, first=0, listed=0)
    text = "の" * 10 + "梅" + "の" * 13
    known = truth.iloc[[10]].assign(codepoint="U+6885")
    aligned, _ = align_pages(merged, alternatives, known, {"page": text}, SETTINGS)
    assert aligned.loc[aligned["trust"] == 3, ["order", "codepoint", "posterior"]].to_numpy().tolist() == [
        [10, "U+6885", 1.0]
    ]
    assert aligned["order"].tolist() == list(range(24))


def test_variants_that_compare_equal_are_equal():
    truth = truth_of("神いろは")
    merged, alternatives = simulated(truth.assign(codepoint=["U+FA19", *truth["codepoint"][1:]]), 0, **PERFECT)
    aligned, _ = align_pages(merged, alternatives, NO_BOXES, {"page": "神\ufe00いろは"}, SETTINGS)
    assert aligned["codepoint"].tolist() == truth["codepoint"].tolist()


def test_control_characters_are_no_characters():
    assert [mark.character for mark in written("い\0ろ\x7fは")] == ["い", "ろ", "は"]


def test_pages_without_boxes_or_text_stay(tmp_path):
    merged, alternatives = simulated(truth_of("いろは"), 0)
    aligned, unmatched = align_pages(merged, alternatives, NO_BOXES, {"page": "", "other": "いろ"}, SETTINGS)
    assert aligned.empty
    assert unmatched.groupby(["image_id", "what"]).size()["other", "character"] == 2
    write_table(aligned, tmp_path / "aligned.parquet", "aligned")
    assert read_table(tmp_path / "aligned.parquet", "aligned").empty
    with pytest.raises(InputError, match="no page of this page set has a transcription"):
        align_pages(merged, alternatives, NO_BOXES, {}, SETTINGS)


def test_labels_have_what_is_trusted_of_pages_with_a_text(tmp_path):
    truth = truth_of(SONG)
    merged, alternatives = simulated(truth.drop(index=17), 0, **PERFECT)
    table = merged.merge(alternatives, on=["image_id", "box"])
    predictions = {"one": [pa.Table.from_pandas(table[SCHEMAS["top_k"].names], SCHEMAS["top_k"], preserve_index=False)]}
    pages = pd.DataFrame({"image_id": ["page", "other"], "image_set": "mine"})
    trusting = {**SETTINGS, "top_k": 10, "drawn": [], "least_trust": 1}
    aligned, labels, _ = align_known(merged, predictions, pages, None, {"page": SONG, "of others": "い"}, trusting)
    assert len(aligned) == len(SONG)
    labels.to_csv(tmp_path / "labels.csv", index=False)
    boxes, problems = read_labels(tmp_path / "labels.csv")
    assert problems == []
    expected = truth.drop(index=17).drop(columns="box")
    assert truth_table(boxes).drop(columns="box").to_numpy().tolist() == expected.to_numpy().tolist()
    # The text of drawn pages is that of their true boxes.
    drawn = {**trusting, "drawn": ["mine"], "least_trust": 0}
    _, labels, _ = align_known(merged, predictions, pages.iloc[:1], truth, {}, drawn)
    assert labels["labels"][0].count("U+") == len(SONG)
    # So is the table itself, as CSV.
    aligned.to_csv(tmp_path / "aligned.csv", index=False)
    boxes, problems = read_labels(tmp_path / "aligned.csv", 1)
    assert problems == []
    assert len(boxes["page"]) == len(SONG) - 1


@real
def test_real_layouts_align():
    """`pytest tests/align -k real_layouts -s` prints the shares."""
    truth = truth_table(read_labels(SHARED / "labelled_pages/train.csv")[0])
    merged, alternatives = simulated(truth, 0)
    aligned, _ = align_pages(merged, alternatives, NO_BOXES, text_of(truth), SETTINGS)
    scores = trust_scores(aligned, truth).set_index("trust")
    print(scores.round(4))
    assert scores.loc[2, "right"] > 0.97
    assert scores.loc["all", "right"] > 0.93
    assert scores.loc["all", "found"] > 0.92
