from pathlib import Path

import pandas as pd
import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.evaluate.text_metrics import error_rates, measure_text
from kuzushiji.text.transcriptions import normalize, read_transcriptions

SHARED = Path(__file__).parents[3] / "shared/data/transcribed_pages/transcriptions.csv"


def boxes(text, image_id, left=0):
    """A column of characters."""
    rows = [(left, 50 * number, left + 40, 50 * number + 40) for number in range(len(text))]
    table = pd.DataFrame(rows, columns=["x_min", "y_min", "x_max", "y_max"])
    codepoints = [f"U+{ord(character):04X}" for character in text]
    table = table.assign(image_id=image_id, box=range(len(text)), codepoint=codepoints, kept=True)
    return table.assign(detector_score=1.0, probability=1.0, keep_probability=1.0)


def pages(*image_ids, image_set="scans"):
    return pd.DataFrame({"image_id": image_ids, "book": "book", "image_set": image_set})


def test_errors_are_counted_by_kind_and_ruby_is_left_out():
    recognized = pd.concat([boxes("いろはのほへと", "a"), boxes("とりなく", "b")])
    ruby = recognized.iloc[[0]].assign(x_min=45, x_max=58, y_min=5, y_max=20, box=99)
    recognized = pd.concat([recognized, ruby])
    rejected = recognized.iloc[[0]].assign(x_min=-200, x_max=-160, kept=False, box=98)
    texts = {"a": "いろは\nにほ へと", "b": "とりなくこゑ", "of another page set": "す"}
    errors = measure_text(pd.concat([recognized, rejected]), boxes("", "a"), pages("a", "b", "c"), texts, [])
    assert errors["source"].unique().tolist() == ["recognized"]
    counts = errors.set_index("image_id")[["characters", "substitutions", "insertions", "deletions"]]
    assert counts.loc["a"].tolist() == [7, 1, 0, 0]
    assert counts.loc["b"].tolist() == [6, 0, 0, 2]
    rates = error_rates(errors, ["book", "source"])
    assert rates[["errors", "characters"]].iloc[0].tolist() == [3, 13]
    assert rates["error_rate"].iloc[0] == pytest.approx(3 / 13)


def test_a_page_on_which_nothing_was_read_is_all_wrong():
    errors = measure_text(boxes("", "a"), boxes("", "a"), pages("a"), {"a": "いろは"}, [])
    assert errors["deletions"].tolist() == [3]


def test_true_boxes_show_what_order_alone_gets_wrong():
    truth = pd.concat([boxes("いろ", "a", left=100), boxes("はに", "a").assign(box=[2, 3])])
    truth = truth.drop(columns=["kept", "detector_score", "probability", "keep_probability"])
    errors = measure_text(boxes("いろ", "a"), truth, pages("a"), {"a": "はにいろ"}, [])
    assert errors["source"].tolist() == ["recognized", "true boxes"]
    right = measure_text(boxes("いろ", "a"), truth, pages("a"), {"a": "いろはに"}, [])
    assert (right["substitutions"] + right["insertions"] + right["deletions"]).tolist() == [2, 0]
    assert errors.loc[1, ["insertions", "deletions"]].sum() + errors.loc[1, "substitutions"] >= 2


def test_the_text_of_drawn_pages_is_that_of_their_labels_and_blank_ones_have_none():
    truth = boxes("いろは", "a").drop(columns=["kept", "detector_score", "probability", "keep_probability"])
    found = measure_text(boxes("に", "blank"), truth, pages("a", "blank", image_set="drawn"), {}, ["drawn"])
    rates = error_rates(found, ["image_id", "source"]).set_index(["image_id", "source"])
    assert rates.loc[("a", "true boxes"), "error_rate"] == 0
    assert rates.loc[("a", "recognized"), "error_rate"] == 1
    assert rates.loc[("blank", "recognized"), "insertions"] == 1
    assert pd.isna(rates.loc[("blank", "recognized"), "error_rate"])


def test_texts_are_compared_in_one_form():
    assert normalize("か\u3099 き\u3000く\r\n") == "がきく"
    assert normalize("いよ〳〵たゞ〴〵") == "いよ〱たゞ〲"
    assert normalize("人々〻") == "人々〻"


def test_ruby_marks_of_notes_and_variation_selectors_of_a_transcription_are_no_errors():
    text = "葛\U000e0100飾《かつしか》辻\n〈大\u3000益〉\n"
    found = measure_text(boxes("葛飾辻大\ufa17", "a"), boxes("い", "b"), pages("a"), {"a": text}, [])
    rates = error_rates(found, ["source"]).set_index("source")
    assert rates.loc["recognized", ["characters", "errors"]].tolist() == [5, 0]


def test_no_page_with_a_transcription_is_an_error():
    with pytest.raises(InputError, match="no page of this page set has a transcription"):
        measure_text(boxes("い", "a"), boxes("い", "a"), pages("a"), {"b": "い"}, [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("image_id,labels\na,い\n", "row 1: .*column text"),
        ("image_id,text\na,い\na,ろ\n", "row 3: a has a row already"),
        ("image_id,text\n,い\n", "row 2: it needs an image_id"),
        ("image_id,text\na\n", "row 2: it needs an image_id and a text"),
    ],
)
def test_a_wrong_file_of_transcriptions_is_named_with_the_row(tmp_path, content, said):
    (tmp_path / "texts.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=f"texts.csv: {said}"):
        read_transcriptions(tmp_path / "texts.csv")


def test_a_missing_or_undecodable_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        read_transcriptions(tmp_path / "none.csv")
    (tmp_path / "sjis.csv").write_bytes("image_id,text\na,いろは\n".encode("cp932"))
    with pytest.raises(InputError, match=r"sjis\.csv: row 2: cannot be read.*UTF-8"):
        read_transcriptions(tmp_path / "sjis.csv")


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data with transcribed pages is not there")
def test_real_transcriptions_are_read_with_their_other_columns():
    texts = read_transcriptions(SHARED)
    counts = pd.read_csv(SHARED, keep_default_na=False).set_index("image_id")["n_chars"]
    assert {image_id: len(normalize(text)) for image_id, text in texts.items()} == counts.to_dict()
