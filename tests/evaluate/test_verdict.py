import pandas as pd
import pytest

from kuzushiji.evaluate.verdict import verdict

DETECTIONS = pd.DataFrame(
    [
        ("first", "hana", "seen", 2, 40, 0.1),
        ("last", "hana", "seen", 2, 40, 0.9),
        ("last", "kaze", "unseen", 1, 60, 0.7),
        ("last", "(all)", "seen", 2, 40, 0.9),
        ("last", "(all)", "unseen", 1, 60, 0.7),
        ("last", "(all)", "(all)", 3, 100, 0.8),
    ],
    columns=["detector", "book", "training", "pages", "characters", "f1"],
)
SCORES = pd.DataFrame(
    [("hana", 0.8, 0.75, 0.85, 30, 10, 10), ("kaze", 0.2, 0.25, 0.2, 10, 30, 50)],
    columns=["book", "f1", "precision", "recall", "true_positives", "false_positives", "false_negatives"],
)


def test_every_book_has_a_row_of_the_last_detector_and_all_books_one():
    table = verdict(DETECTIONS, SCORES).set_index("book")
    assert table.index.tolist() == ["hana", "kaze", "(all)"]
    assert table["detection F1"].tolist() == [0.9, 0.7, 0.8]
    assert table["seen in training"].tolist() == ["yes", "no", ""]
    assert table.loc["hana", "F1"] == 0.8 and "CER" not in table
    everything = table.loc["(all)"]
    assert everything[["precision", "recall", "F1"]].tolist() == pytest.approx([0.5, 0.4, 2 * 40 / 180])


def test_known_text_adds_its_error_rate():
    texts = pd.DataFrame(
        [("hana", "recognized", 0.3), ("hana", "true boxes", 0.0), ("(all)", "recognized", 0.3)],
        columns=["book", "source", "error_rate"],
    )
    table = verdict(DETECTIONS, SCORES, texts).set_index("book")
    assert table.loc[["hana", "(all)"], "CER"].tolist() == [0.3, 0.3] and pd.isna(table.loc["kaze", "CER"])
