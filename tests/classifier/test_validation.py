import numpy as np
import pytest

from kuzushiji.classifier.validation import accuracies, confusions

CHARSET = ["U+3042", "U+3044", "U+3046", "U+3048"]


def test_accuracy_counts_crops_and_macro_accuracy_codepoints():
    labels = np.array([0, 0, 0, 0, 1, 2])
    predicted = np.array([0, 0, 0, 1, 1, 0])
    accuracy, macro = accuracies(predicted, labels)
    assert accuracy == pytest.approx(4 / 6)
    assert macro == pytest.approx((3 / 4 + 1 + 0) / 3)  # the fourth codepoint does not occur


def test_the_most_confused_pairs_come_first():
    labels = np.array([0, 0, 0, 0, 1, 2, 2, 3])
    predicted = np.array([1, 1, 0, 3, 1, 1, 0, 3])
    table = confusions(predicted, labels, CHARSET)
    assert table.to_dict("split")["data"] == [
        ["U+3042", "U+3044", 2, 0.5],
        ["U+3042", "U+3048", 1, 0.25],
        ["U+3046", "U+3042", 1, 0.5],
        ["U+3046", "U+3044", 1, 0.5],
    ]


def test_without_mistakes_the_table_is_empty_and_keeps_its_columns():
    table = confusions(np.array([0, 1]), np.array([0, 1]), CHARSET)
    assert table.empty and list(table.columns) == ["codepoint", "read_as", "crops", "share"]
