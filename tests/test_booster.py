import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from tables_for_tests import empty, golden_merged, golden_truth

from kuzushiji.booster import train, training_rows
from kuzushiji.errors import InputError
from kuzushiji.features import FEATURES, page_features
from kuzushiji.score import match

BEST = {
    "lambda_l1": 0.002,
    "lambda_l2": 0.49,
    "num_leaves": 203,
    "feature_fraction": 0.86,
    "bagging_fraction": 0.95,
    "bagging_freq": 2,
    "min_child_samples": 20,
}
SETTINGS = {
    "folds": 5,
    "group_by_page": False,
    "seed": 7,
    "max_depth": 7,
    "max_bin": 255,
    "rounds": 40,
    "early_stopping": 5,
}


@pytest.fixture(scope="module")
def rows():
    merged, pages = golden_merged()
    return training_rows(page_features(merged, pages), merged, golden_truth())


def test_rows_are_hits_of_pages_with_characters():
    merged, pages = golden_merged()
    features = page_features(merged, pages)
    truth = golden_truth()
    truth = truth[truth["image_id"] != "page_0002"]
    x, y, groups = training_rows(features.sample(frac=1, random_state=0), merged.sample(frac=1, random_state=1), truth)
    there = merged["image_id"] != "page_0002"
    assert list(x) == FEATURES
    np.testing.assert_array_equal(x, features.loc[there, FEATURES])
    np.testing.assert_array_equal(y, match(merged, truth)[there])
    np.testing.assert_array_equal(groups, merged.loc[there, "image_id"])

    with pytest.raises(InputError, match="features anew"):
        training_rows(features.iloc[1:], merged, truth)


def test_no_boxes_at_all_is_said_and_not_trained_on(tmp_path):
    merged = empty("merged")
    _, pages = golden_merged()
    x, y, groups = training_rows(page_features(merged, pages), merged, golden_truth())
    assert x.shape == (0, len(FEATURES))
    with pytest.raises(InputError, match="more labelled pages"):
        train(x, y, groups, BEST, SETTINGS, tmp_path)


@pytest.mark.parametrize("group_by_page", [False, True])
def test_models_are_the_folds_at_their_best_iteration(tmp_path, rows, group_by_page):
    x, y, groups = rows
    metrics = train(x, y, groups, BEST, {**SETTINGS, "group_by_page": group_by_page}, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"fold_{k}.txt" for k in range(5)]
    assert metrics["rows"] == len(y)
    assert metrics["characters"] == y.sum()
    assert max(y.mean(), 1 - y.mean()) < metrics["accuracy"] <= 1
    assert 0.8 < metrics["auc"] <= 1
    models = [lgb.Booster(model_file=tmp_path / f"fold_{k}.txt") for k in range(5)]
    assert [model.num_trees() for model in models] == metrics["best_iterations"]
    assert min(metrics["best_iterations"]) < SETTINGS["rounds"]
    assert models[0].feature_name() == FEATURES


def test_training_is_repeatable_with_any_number_of_threads(tmp_path, rows):
    few = {**SETTINGS, "rounds": 5}
    metrics = [train(*rows, BEST, few, tmp_path / str(n), threads=n) for n in (1, 2)]
    assert metrics[0] == metrics[1]
    assert (tmp_path / "1" / "fold_0.txt").read_text().split("parameters:")[0] == (
        tmp_path / "2" / "fold_0.txt"
    ).read_text().split("parameters:")[0]


def test_a_pages_boxes_share_a_fold_only_when_asked(tmp_path, rows):
    x, y, groups = rows
    # The one feature is the page, and the page decides the target: only of pages seen in training can it be told.
    page = pd.factorize(groups)[0]
    x, y = (0 * x.fillna(0)).assign(char_score=page), page % 2
    by_row = train(x, y, groups, BEST, SETTINGS, tmp_path)
    by_page = train(x, y, groups, BEST, {**SETTINGS, "group_by_page": True}, tmp_path)
    assert by_row["accuracy"] > 0.95 > by_page["accuracy"] + 0.1


@pytest.mark.parametrize("target", ["all", "none", "few"])
def test_degenerate_targets_are_refused(tmp_path, rows, target):
    x, y, groups = rows
    y = {"all": np.ones_like(y), "none": np.zeros_like(y), "few": (np.arange(len(y)) < 4).astype(int)}[target]
    with pytest.raises(InputError, match="do not make 5 folds"):
        train(x, y, groups, BEST, SETTINGS, tmp_path)
    one_page = np.full(len(y), "page")
    with pytest.raises(InputError, match="on 1 pages"):
        train(x, rows[1], one_page, BEST, {**SETTINGS, "group_by_page": True}, tmp_path)
