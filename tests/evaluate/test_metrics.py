import json

import pandas as pd
import pytest
from tables_for_tests import empty, golden_merged, golden_truth, page_sizes, random_boxes

from kuzushiji.common.errors import InputError
from kuzushiji.common.score import match, scores
from kuzushiji.evaluate import metrics
from kuzushiji.evaluate.metrics import confusion_table, name_stages, score_table
from kuzushiji.evaluate.metrics_plots import plot_bands, plot_stages
from kuzushiji.publish.submission import submission

MOST = 1200  # boxes a page: no page here has as many


def evaluate(stages, truth, pages, *arguments, **options):
    return metrics.evaluate(stages, truth, pages, MOST, *arguments, **options)


def boxes(*rows):
    """Rows of (image_id, codepoint, x, y), each a box of 10 by 10 pixels."""
    table = pd.DataFrame(rows, columns=["image_id", "codepoint", "x_min", "y_min"])
    table = table.assign(x_max=table["x_min"] + 10, y_max=table["y_min"] + 10)
    return table.assign(box=table.groupby("image_id").cumcount())


def test_stages_of_the_golden_pages():
    merged, pages = golden_merged()
    truth = golden_truth()
    kept = merged["probability"] > 0.9
    detections = merged.drop(columns=["codepoint", "probability"])
    stages = {"detections": detections, "merged": merged, "recognized": merged.assign(kept=kept)}
    result = evaluate(stages, truth, pages, {"one"})
    json.dumps(result, allow_nan=False)
    assert list(result["stages"]) == list(stages)
    assert list(result["stages"]["detections"]) == ["detection"]
    assert result["stages"]["merged"].items() >= scores(merged, truth).items()
    assert result["stages"]["recognized"].items() >= scores(merged[kept], truth).items()
    assert result["stages"]["merged"]["detection"] == result["stages"]["detections"]["detection"]
    assert result["stages"]["merged"]["detection"]["recall"] >= result["stages"]["merged"]["recall"]

    final = result["stages"]["recognized"]
    assert result["training"]["seen"] == result["books"]["one"]
    for part in ("books", "training", "codepoints"):
        for key in ("true_positives", "false_positives", "false_negatives"):
            assert sum(row[key] for row in result[part].values()) == final[key]
        assert sum(row["count"] for row in result[part].values()) == len(truth)
    one = pages.loc[pages["book"] == "one", "image_id"]
    expected = scores(merged[kept & merged["image_id"].isin(one)], truth[truth["image_id"].isin(one)])
    assert result["books"]["one"].items() >= expected.items()


def test_confusions_and_codepoints_by_hand():
    truth = boxes(("p", "U+3042", 0, 0), ("p", "U+3042", 0, 50), ("p", "U+3044", 50, 0), ("q", "U+3042", 0, 0))
    found = boxes(
        ("p", "U+3042", 1, 1),  # a hit
        ("p", "U+3044", 1, 51),  # misread
        ("p", "U+3044", 300, 300),  # background
        ("q", "U+3044", 1, 1),  # misread
        ("q", "U+3042", 1, 1),
        ("q", "U+3042", 2, 2),  # read twice
    )
    pages = page_sizes("p", "q", "empty").assign(book=["one", "two", "one"])
    result = evaluate({"final": found}, truth, pages)
    assert result["confusions"] == [{"truth": "U+3042", "predicted": "U+3044", "count": 2}]
    assert result["codepoints"]["U+3042"]["f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert result["codepoints"]["U+3044"] == {
        "count": 1,
        "true_positives": 0,
        "false_positives": 3,
        "false_negatives": 1,
        "precision": 0,
        "recall": 0,
        "f1": 0,
    }
    assert result["books"]["two"]["true_positives"] == 1
    assert (result["pages"], result["characters"]) == (3, 4)
    # The order of rows does not matter: boxes are taken by their number.
    again = evaluate({"final": found.iloc[::-1]}, truth.iloc[::-1], pages)
    assert again == result
    assert match(found, truth).sum() == 2


def test_the_last_stage_is_scored_as_it_is_submitted():
    """Of five boxes that were kept the competition takes the three most probable."""
    truth = boxes(*[("p", "U+3042", 0, 20 * place) for place in range(6)])
    found = truth.assign(probability=[0.5, 0.9, 0.7, 0.8, 0.6, 1.0], kept=[True] * 5 + [False])
    scored = metrics.evaluate({"merged": found.drop(columns="kept"), "final": found}, truth, page_sizes("p"), 3)
    assert scored["stages"]["merged"]["true_positives"] == 6
    assert scored["stages"]["final"].items() >= {"true_positives": 3, "false_negatives": 3}.items()
    assert scored["stages"]["final"]["detection"]["true_positives"] == 3
    found = found.assign(detector_score=1.0)
    submitted = submission(found, ["p"], 3)["labels"].item().split()[2::3]
    assert submitted == ["25", "45", "65"]  # their centers


def test_true_boxes_of_other_pages_do_not_count_but_boxes_of_other_pages_are_refused():
    truth = boxes(("p", "U+3042", 0, 0), ("elsewhere", "U+3042", 0, 0))
    found = boxes(("p", "U+3042", 0, 0))
    assert evaluate({"final": found}, truth, page_sizes("p"))["stages"]["final"]["f1"] == 1
    with pytest.raises(InputError, match="detect: page page"):
        evaluate({"detect": random_boxes(2, 0)}, truth, page_sizes("p"))
    with pytest.raises(InputError, match="no stage"):
        evaluate({}, truth, page_sizes("p"))


@pytest.mark.parametrize("labelled", [True, False])
def test_no_boxes_at_all(labelled):
    truth = boxes(("p", "U+3042", 0, 0)) if labelled else empty("truth")
    stages = {"detections": empty("detections"), "merged": empty("merged"), "recognized": empty("recognized")}
    result = evaluate(stages, truth, page_sizes("p"))
    json.dumps(result, allow_nan=False)
    assert result["stages"]["recognized"]["false_negatives"] == labelled
    assert result["stages"]["recognized"]["f1"] == 0
    assert result["confusions"] == []


def test_codepoints_are_banded_by_how_often_training_has_them():
    truth = boxes(("p", "U+3042", 0, 0), ("p", "U+3044", 0, 50), ("p", "U+3046", 50, 0), ("p", "U+3048", 50, 50))
    found = boxes(("p", "U+3042", 1, 1), ("p", "U+3042", 1, 51), ("p", "U+3046", 51, 1), ("p", "U+4E00", 300, 300))
    training = pd.Series(["U+3042"] * 10 + ["U+3044"] * 9 + ["U+3046"] * 1000)
    result = evaluate({"final": found}, truth, page_sizes("p"), training_codepoints=training)
    assert list(result["bands"]) == ["0", "1-9", "10-99", "1000+"]
    tally = {
        band: tuple(row[key] for key in ("count", "true_positives", "false_positives", "false_negatives"))
        for band, row in result["bands"].items()
    }
    assert tally == {"0": (1, 0, 1, 1), "1-9": (1, 0, 0, 1), "10-99": (1, 1, 1, 0), "1000+": (1, 1, 0, 0)}
    assert result["codepoints"]["U+3044"]["training_count"] == 9
    assert result["codepoints"]["U+4E00"]["training_count"] == 0
    table = score_table(result["codepoints"])
    assert table.loc["U+3042", ["count", "training_count", "f1"]].tolist() == [1, 10, round(2 / 3, 4)]
    assert list(score_table(result["bands"]).index) == list(result["bands"])


def test_what_training_saw_may_be_unknown(tmp_path):
    found = boxes(("p", "U+3042", 1, 1))
    result = evaluate({"final": found}, found, page_sizes("p").assign(book="p"), None)
    assert list(result["training"]) == ["unknown"] and "bands" not in result
    plot_bands({}, tmp_path / "bands.svg")
    assert (tmp_path / "bands.svg").stat().st_size > 0
    assert len(score_table({})) == 0


@pytest.mark.parametrize(
    ("count", "band"), [(0, "0"), (1, "1-9"), (9, "1-9"), (99, "10-99"), (100, "100-999"), (1000, "1000+")]
)
def test_bands_begin_where_they_say(count, band):
    truth = boxes(("p", "U+3042", 0, 0))
    training = pd.Series(["U+3042"] * count + ["U+4E00"])
    assert list(evaluate({"final": truth}, truth, page_sizes("p"), training_codepoints=training)["bands"]) == [band]


def test_stages_are_named_after_what_made_them():
    tables = {"detections": [1, 2], "predictions": [3, 4, 5, 6], "fused": [7, 8], "merged": [9], "recognized": [10]}
    named = name_stages(tables, ["060000", "100000"], ["a", "b"])
    assert list(named) == [
        *("detections 060000", "detections 100000"),
        *("predictions 060000 a", "predictions 060000 b", "predictions 100000 a", "predictions 100000 b"),
        *("fused 060000", "fused 100000", "merged", "recognized"),
    ]
    assert list(named.values()) == list(range(1, 11))
    for wrong in ({"predictions": [3, 4, 5]}, {"detection": [1, 2]}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            name_stages(wrong, ["060000", "100000"], ["a", "b"])


def test_tables_and_figures_of_the_golden_pages(tmp_path):
    merged, pages = golden_merged()
    truth = golden_truth()
    stages = {"detections": merged.drop(columns=["codepoint", "probability"]), "merged": merged}
    result = evaluate(stages, truth, pages, {"one"}, truth["codepoint"])
    table = score_table(result["stages"])
    assert table.loc["detections"].drop(["detection_f1", "detection_precision", "detection_recall"]).isna().all()
    assert table.loc["merged", "f1"] == round(result["stages"]["merged"]["f1"], 4)
    confusions = confusion_table(result["confusions"])
    assert confusions["count"].is_monotonic_decreasing
    assert (confusions["truth_character"] == confusions["truth"].map(lambda name: chr(int(name[2:], 16)))).all()
    for plot, part in ((plot_stages, "stages"), (plot_bands, "bands")):
        for name in ("one.svg", "other.svg"):
            plot(result[part], tmp_path / name)
        assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
        assert next(iter(result[part])) in (tmp_path / "one.svg").read_text()
    assert len(confusion_table([])) == 0
