import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from tables_for_tests import empty, golden_merged, golden_truth

from kuzushiji.common.errors import InputError
from kuzushiji.common.score import match, scores
from kuzushiji.postprocess.booster import booster_rows, cross_validate, train
from kuzushiji.postprocess.booster_files import load_booster, load_boosters, save_booster
from kuzushiji.postprocess.features import FEATURES, page_features
from kuzushiji.postprocess.protocols import compare_protocols

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
    "protocol": "published",
    "seed": 7,
    "max_depth": 7,
    "max_bin": 255,
    "rounds": 40,
    "early_stopping": 5,
}


def golden_rows(truth: pd.DataFrame) -> pd.DataFrame:
    merged, pages = golden_merged()
    return booster_rows(page_features(merged, pages), merged, truth, pages)


@pytest.fixture(scope="module")
def rows():
    return golden_rows(golden_truth())


def test_rows_are_all_boxes_and_say_which_are_hits_and_on_pages_with_characters():
    merged, pages = golden_merged()
    features = page_features(merged, pages)
    truth = golden_truth()
    truth = truth[truth["image_id"] != "page_0002"]
    rows = booster_rows(features.sample(frac=1, random_state=0), merged.sample(frac=1, random_state=1), truth, pages)
    np.testing.assert_array_equal(rows[FEATURES], features[FEATURES])
    np.testing.assert_array_equal(rows["target"], match(merged, truth))
    np.testing.assert_array_equal(rows["labelled"], merged["image_id"] != "page_0002")
    assert set(rows.loc[rows["image_id"] <= "page_0004", "book"]) == {"one"}

    with pytest.raises(InputError, match="features anew"):
        booster_rows(features.iloc[1:], merged, truth, pages)
    with pytest.raises(InputError, match="the page page_0001 has boxes but is not of this page set"):
        booster_rows(features, merged, truth, pages.iloc[1:])


def test_no_boxes_at_all_is_said_and_not_trained_on(tmp_path):
    merged = empty("merged")
    _, pages = golden_merged()
    rows = booster_rows(page_features(merged, pages), merged, golden_truth(), pages)
    assert len(rows) == 0
    with pytest.raises(InputError, match="more labelled pages"):
        train(rows, BEST, SETTINGS, "intended", tmp_path)


@pytest.mark.parametrize("protocol", ["published", "by_page"])
def test_models_are_the_folds_at_their_best_iteration(tmp_path, rows, protocol):
    out_of_fold, metrics = train(rows, BEST, {**SETTINGS, "protocol": protocol}, "intended", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"fold_{k}.txt" for k in range(5)]
    target = rows["target"]
    assert metrics["protocol"] == protocol
    assert (metrics["boxes"], metrics["characters"]) == (len(rows), target.sum())
    assert max(target.mean(), 1 - target.mean()) < metrics["accuracy"] <= 1
    assert 0.8 < metrics["auc"] <= 1
    models = [load_booster(tmp_path / f"fold_{k}.txt", "intended") for k in range(5)]
    assert [model.num_trees() for model in models] == metrics["best_iterations"]
    assert min(metrics["best_iterations"]) < SETTINGS["rounds"]
    # Each box is judged by the one model that did not train on it.
    for fold, model in enumerate(models):
        held_out = out_of_fold["fold"] == fold
        expected = model.predict(rows.loc[held_out, FEATURES])
        np.testing.assert_allclose(out_of_fold.loc[held_out, "probability"], expected, rtol=1e-12)
    assert set(out_of_fold["fold"]) == set(range(5))
    if protocol == "by_page":
        assert out_of_fold.groupby("image_id")["fold"].agg(["min", "max"]).eval("min == max").all()


def test_whole_books_are_held_out(rows):
    _, out_of_fold = cross_validate(rows, BEST, {**SETTINGS, "protocol": "by_book"}, 2)
    assert out_of_fold.groupby("book")["fold"].unique().map(len).tolist() == [1, 1]
    with pytest.raises(InputError, match="of 2 books"):
        cross_validate(rows, BEST, {**SETTINGS, "protocol": "by_book"}, 3)
    with pytest.raises(InputError, match=r"booster.training.protocol: 'rows' is not known; use one of published"):
        cross_validate(rows, BEST, {**SETTINGS, "protocol": "rows"}, 2)


@pytest.mark.parametrize(("protocol", "folds", "voices"), [("published", 5, 5), ("by_book", 2, 1)])
def test_pages_without_characters_do_not_train_and_are_judged_by_all_models_that_may(protocol, folds, voices):
    truth = golden_truth()
    rows = golden_rows(truth[truth["image_id"] != "page_0002"])
    blank = rows["image_id"] == "page_0002"
    models, out_of_fold = cross_validate(rows, BEST, {**SETTINGS, "protocol": protocol}, folds)
    assert (out_of_fold.loc[blank, "fold"] == -1).all()
    assert (out_of_fold.loc[~blank, "fold"] >= 0).all()
    of_book = out_of_fold.loc[~blank & (rows["book"] == "one"), "fold"].unique()
    may = models if protocol == "published" else [models[fold] for fold in of_book]
    assert len(may) == voices
    expected = np.mean([model.predict(rows.loc[blank, FEATURES]) for model in may], axis=0)
    np.testing.assert_allclose(out_of_fold.loc[blank, "probability"], expected, rtol=1e-12)
    # What the blank page's boxes are does not matter.
    changed = rows.assign(char_score=rows["char_score"].where(~blank, 0.0))
    again = cross_validate(changed, BEST, {**SETTINGS, "protocol": protocol}, folds)[1]
    np.testing.assert_array_equal(again.loc[~blank, "probability"], out_of_fold.loc[~blank, "probability"])


def test_training_is_repeatable_with_any_number_of_threads(tmp_path, rows):
    few = {**SETTINGS, "rounds": 5}
    found = [train(rows, BEST, few, "intended", tmp_path / str(n), threads=n) for n in (1, 2)]
    assert found[0][1] == found[1][1]
    pd.testing.assert_frame_equal(found[0][0], found[1][0], rtol=0, atol=0)
    texts = [(tmp_path / n / "fold_0.txt").read_text().split("parameters:")[0] for n in ("1", "2")]
    assert texts[0] == texts[1]


def leaking(rows: pd.DataFrame, group: str) -> pd.DataFrame:
    """Rows whose one feature is their group, which decides the target: it can be told of groups seen in training."""
    code = pd.factorize(rows[group])[0]
    constant = rows.assign(**dict.fromkeys(FEATURES, 0.0))
    return constant.assign(char_score=code, target=code % 2)


def test_a_pages_boxes_share_a_fold_only_when_asked(rows):
    leaky = leaking(rows, "image_id")
    accuracy = {}
    for protocol in ("published", "by_page"):
        _, out_of_fold = cross_validate(leaky, BEST, {**SETTINGS, "protocol": protocol}, 5)
        accuracy[protocol] = ((out_of_fold["probability"] >= 0.5) == out_of_fold["target"]).mean()
    assert accuracy["published"] > 0.95 > accuracy["by_page"] + 0.1


def test_protocols_are_compared_by_the_f1_of_what_stays(rows):
    merged, _ = golden_merged()
    truth = golden_truth()
    table = compare_protocols(rows, merged, truth, BEST, SETTINGS, 0.5).set_index("protocol")
    assert table["folds"].to_dict() == {"published": 5, "by_page": 5, "by_book": 2}
    assert (table["f1_without"] == scores(merged, truth)["f1"]).all()
    np.testing.assert_allclose(table["gain"], table["f1"] - table["f1_without"])
    _, out_of_fold = cross_validate(rows, BEST, {**SETTINGS, "protocol": "by_book"}, 2)
    kept = (out_of_fold["probability"] >= 0.5).to_numpy()
    assert table.loc["by_book", "f1"] == scores(merged[kept], truth)["f1"]
    assert table.loc["published", "gain"] > 0

    one_book = compare_protocols(rows.assign(book="one"), merged, truth, BEST, SETTINGS, 0.5).set_index("protocol")
    assert one_book.loc["by_book", "folds"] == 0
    assert np.isnan(one_book.loc["by_book", "f1"])
    pd.testing.assert_series_equal(one_book.loc["by_page"], table.loc["by_page"])


@pytest.mark.parametrize("target", ["all", "none", "few"])
def test_degenerate_targets_are_refused(rows, target):
    count = len(rows)
    y = {"all": np.ones(count, int), "none": np.zeros(count, int), "few": (np.arange(count) < 4).astype(int)}[target]
    with pytest.raises(InputError, match="do not make 5 folds"):
        cross_validate(rows.assign(target=y), BEST, SETTINGS, 5)
    with pytest.raises(InputError, match="on 1 pages"):
        cross_validate(rows.assign(image_id="page"), BEST, {**SETTINGS, "protocol": "by_page"}, 5)


def test_a_booster_says_which_features_it_was_trained_on(tmp_path, rows):
    model = cross_validate(rows, BEST, {**SETTINGS, "rounds": 3}, 2)[0][0]
    save_booster(model, tmp_path / "own.txt", "intended")
    model.save_model(tmp_path / "published.txt")  # as others write it
    x = rows[FEATURES]
    for name, variant, other in (("own", "intended", "published"), ("published", "published", "intended")):
        loaded = load_booster(tmp_path / f"{name}.txt", variant)
        np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
        with pytest.raises(InputError, match=f"{name}.txt: .* the {variant} features, these are the {other} ones"):
            load_booster(tmp_path / f"{name}.txt", other)
    assert lgb.Booster(model_file=tmp_path / "own.txt").num_trees() == 3  # LightGBM itself reads it


def test_a_damaged_booster_is_named_and_ends_no_process_of_ours(tmp_path, rows):
    models = cross_validate(rows, BEST, {**SETTINGS, "rounds": 3}, 2)[0]
    paths = [tmp_path / f"fold_{number}.txt" for number in range(2)]
    for path, model in zip(paths, models, strict=False):
        save_booster(model, path, "intended")
    assert len(load_boosters(paths, "intended")) == 2
    whole = paths[1].read_bytes()
    for damaged in (
        whole[: len(whole) // 2],
        whole.replace(b"leaf_value=", b"leaf_valve=", 1),
        whole.replace(b"split_feature=", b"split_feature=x", 1),
        whole.replace(b"objective=", b"objective=\xc0", 1),
        whole.replace(b"tree_sizes=", b"tree_sizes=9", 1),
        b"no booster",
    ):
        paths[1].write_bytes(damaged)
        with pytest.raises(InputError, match=r"fold_1.txt: .*delete it and start the same command again"):
            load_boosters(paths, "intended")
