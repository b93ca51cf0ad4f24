import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from tables_for_tests import empty, golden_merged, golden_truth

from kuzushiji.common.errors import InputError
from kuzushiji.common.score import scores
from kuzushiji.common.tables import SCHEMAS, write_table
from kuzushiji.postprocess.booster import booster_rows, train
from kuzushiji.postprocess.features import FEATURES, page_features
from kuzushiji.postprocess.filter import filter_boxes
from kuzushiji.publish.submission import submission


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("boosters")
    merged, pages = golden_merged()
    features = page_features(merged, pages)
    settings = {"folds": 2, "protocol": "published", "seed": 7, "max_depth": 4, "max_bin": 255}
    settings |= {"rounds": 20, "early_stopping": 5}
    rows = booster_rows(features, merged, golden_truth(), pages)
    train(rows, {"num_leaves": 8}, settings, "intended", folder)
    return merged, features, sorted(folder.iterdir())


def test_the_mean_of_the_boosters_decides(trained, tmp_path):
    merged, features, boosters = trained
    recognized = filter_boxes(merged, features, boosters, 0.5, "intended")
    mean = sum(lgb.Booster(model_file=path).predict(features[FEATURES]) for path in boosters) / 2
    np.testing.assert_allclose(recognized["keep_probability"], mean, rtol=1e-6)
    np.testing.assert_array_equal(recognized["kept"], mean >= 0.5)
    assert 0 < recognized["kept"].sum() < len(merged)
    pd.testing.assert_frame_equal(recognized[list(merged)], merged)
    write_table(recognized, tmp_path / "recognized.parquet", "recognized")

    truth = golden_truth()
    assert scores(recognized[recognized["kept"]], truth)["f1"] > scores(merged, truth)["f1"]
    pd.testing.assert_frame_equal(recognized, filter_boxes(merged, features, boosters, 0.5, "intended", threads=2))
    # A box exactly at the threshold stays.
    assert filter_boxes(merged, features, boosters, mean.max(), "intended")["kept"].sum() >= 1


def test_features_are_found_by_page_and_box(trained):
    merged, features, boosters = trained
    straight = filter_boxes(merged, features, boosters, 0.5, "intended")
    shuffled = filter_boxes(merged, features.sample(frac=1, random_state=0), boosters, 0.5, "intended")
    pd.testing.assert_frame_equal(straight, shuffled)
    with pytest.raises(InputError, match="page page_0001, box 0: there are no features"):
        filter_boxes(merged, features.iloc[1:], boosters, 0.5, "intended")


def test_no_boxes_at_all(trained, tmp_path):
    _, features, boosters = trained
    recognized = filter_boxes(empty("merged"), features.iloc[:0], boosters, 0.5, "intended")
    assert list(recognized) == SCHEMAS["recognized"].names
    write_table(recognized, tmp_path / "recognized.parquet", "recognized")
    labels = submission(recognized, ["b", "a"], 1200)
    assert labels.to_dict("list") == {"image_id": ["b", "a"], "labels": ["", ""]}


def test_bad_boosters_are_refused(trained, tmp_path):
    merged, features, boosters = trained
    with pytest.raises(InputError, match="no boosters"):
        filter_boxes(merged, features, [], 0.5, "intended")
    (tmp_path / "broken.txt").write_text("no tree")
    for path in (tmp_path / "broken.txt", tmp_path / "absent.txt"):
        with pytest.raises(InputError, match=path.name):
            filter_boxes(merged, features, [path], 0.5, "intended")
    other = lgb.train({"verbosity": -1}, lgb.Dataset(np.eye(50, 3), np.arange(50) % 2), 1)
    other.save_model(tmp_path / "other.txt")
    with pytest.raises(InputError, match=r"fold_0.txt: this booster was trained on the intended features"):
        filter_boxes(merged, features, boosters, 0.5, "published")
    with pytest.raises(InputError, match=r"other.txt: this booster wants other features"):
        filter_boxes(merged, features, [tmp_path / "other.txt"], 0.5, "intended")
