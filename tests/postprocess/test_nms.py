import pandas as pd
import pytest
from tables_for_tests import GOLDEN, empty, random_boxes

from kuzushiji.common.errors import InputError
from kuzushiji.common.tables import SCHEMAS, write_table
from kuzushiji.postprocess.nms import merge_detectors


def test_golden_merge_is_reproduced(tmp_path):
    table = pd.read_parquet(GOLDEN / "nms.parquet")
    table["rank"] = table.groupby("image_id").cumcount()
    detectors = {name: boxes for name, boxes in table.groupby("detector")}
    assert list(detectors) == ["060000", "100000"]
    merged = merge_detectors(detectors, 0.30)
    expected = table[table["kept"]].sort_values(["image_id", "rank"], ignore_index=True)
    assert 0 < len(expected) < len(table)
    columns = ["image_id", "x_min", "y_min", "x_max", "y_max", "codepoint", "probability", "detector"]
    pd.testing.assert_frame_equal(merged[columns], expected[columns], check_dtype=False)
    assert (merged["box"] == merged.groupby("image_id").cumcount()).all()
    write_table(merged, tmp_path / "merged.parquet", "merged")


def test_the_characters_probability_decides_and_the_first_detector_wins_ties():
    box = random_boxes(1, seed=0)
    first, second = box.assign(probability=0.5, detector_score=0.9), box.assign(probability=0.6, detector_score=0.1)
    assert merge_detectors({"a": first, "b": second}, 0.3)["detector"].tolist() == ["b"]
    assert merge_detectors({"a": first, "b": first}, 0.3)["detector"].tolist() == ["a"]
    assert merge_detectors({"b": first, "a": first}, 0.3)["detector"].tolist() == ["b"]


def test_a_page_on_which_one_detector_found_nothing_keeps_the_others_boxes():
    far_apart = random_boxes(2, 1, "q").assign(x_min=[0, 90], x_max=[10, 99], y_min=0, y_max=10)
    both = pd.concat([random_boxes(1, 0, "p"), far_apart])
    one = random_boxes(1, 0, "p")
    for detectors in ({"060000": both, "100000": one}, {"060000": one, "100000": both}):
        merged = merge_detectors(detectors, 0.3)
        assert merged.loc[merged["image_id"] == "q", "box"].tolist() == [0, 1]


def test_no_boxes_and_no_detectors():
    merged = merge_detectors({"060000": empty("predictions"), "100000": empty("predictions")}, 0.3)
    assert len(merged) == 0
    assert list(merged) == SCHEMAS["merged"].names
    one_sided = merge_detectors({"060000": empty("predictions"), "100000": random_boxes(1, 0)}, 0.3)
    assert one_sided["detector"].tolist() == ["100000"]
    with pytest.raises(InputError, match="name at least one under `detectors`"):
        merge_detectors({}, 0.3)
