import numpy as np
from tables_for_tests import empty

from kuzushiji.common.tables import SCHEMAS, read_table, write_table
from kuzushiji.crops.pseudo_labels import pseudo_labels


def recognized():
    table = empty("recognized")
    count = 5
    table["image_id"], table["box"] = ["b", "a", "a", "a", "b"], np.array([3, 0, 1, 7, 0], np.int32)
    for number, name in enumerate(["x_min", "y_min", "x_max", "y_max"]):
        table[name] = np.arange(count, dtype=np.int32) + 10 * number
    table["codepoint"] = ["U+3042", "U+3044", "U+4E00", "U+3042", "U+3046"]
    # The second is below 1 by less than 32-bit numbers tell.
    table["probability"] = np.array([1, 1 - 1e-9, 1 - 1e-6, 1, 0.2]).astype(np.float32)
    table["kept"] = [True, True, True, False, True]
    return table


def test_what_stays_and_is_certain_becomes_a_label(tmp_path):
    labels = pseudo_labels(recognized(), 1.0)
    assert labels[["image_id", "box", "codepoint"]].to_numpy().tolist() == [["b", 3, "U+3042"], ["a", 0, "U+3044"]]
    write_table(labels, tmp_path / "labels.parquet", "truth")
    assert read_table(tmp_path / "labels.parquet", "truth")["image_id"].tolist() == ["a", "b"]
    assert len(pseudo_labels(recognized(), 0.9)) == 3
    assert pseudo_labels(recognized().iloc[:0], 1.0).columns.tolist() == SCHEMAS["truth"].names
