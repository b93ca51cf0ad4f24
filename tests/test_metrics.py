import json

import pandas as pd
import pytest
from tables_for_tests import empty, golden_merged, golden_truth, page_sizes, random_boxes

from kuzushiji.errors import InputError
from kuzushiji.metrics import evaluate
from kuzushiji.score import match, scores


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
