import numpy as np
import pandas as pd
import pytest
from tables_for_tests import golden_merged, golden_truth

from kuzushiji.postprocess.booster import booster_rows, cross_validate
from kuzushiji.postprocess.booster_report import booster_report, calibration, contributions, importances
from kuzushiji.postprocess.features import FEATURES, page_features

SETTINGS = {"protocol": "published", "seed": 7, "max_depth": 4, "max_bin": 255, "rounds": 20, "early_stopping": 5}
REPORT = {"features": 6, "rows": 200, "bins": 5, "seed": 0, "threshold": 0.5}


@pytest.fixture(scope="module")
def trained():
    merged, pages = golden_merged()
    rows = booster_rows(page_features(merged, pages), merged, golden_truth(), pages)
    return rows, *cross_validate(rows, {"num_leaves": 8}, SETTINGS, 3)


def test_contributions_sum_to_the_predictions(trained):
    rows, models, _ = trained
    x = rows[FEATURES].to_numpy(float)[:50]
    raw = np.mean([model.predict(x, raw_score=True) for model in models], axis=0)
    expectation = np.mean([model.predict(x, pred_contrib=True)[:, -1] for model in models], axis=0)
    np.testing.assert_allclose(contributions(models, x).sum(axis=1) + expectation, raw, rtol=1e-6)


def test_importances_are_shares_of_all_models(trained):
    _, models, _ = trained
    table = importances(models)
    assert set(table["feature"]) == set(FEATURES)
    np.testing.assert_allclose(table[["gain", "splits"]].sum(), 1)
    assert table["gain"].is_monotonic_decreasing
    assert table["feature"][0] in ("char_score", "bbox_score")


def test_calibration_by_hand():
    probability = [0.0, 0.1, 0.55, 0.59, 1.0, 0.3]
    table = pd.DataFrame({"probability": probability, "target": [0, 1, 1, 1, 1, 1], "labelled": [True] * 5 + [False]})
    found = calibration(table, 5)
    assert found["from"].tolist() == [0, 0.4, 0.8]
    assert found["boxes"].tolist() == [2, 2, 1]
    np.testing.assert_allclose(found["probability"], [0.05, 0.57, 1.0])
    np.testing.assert_allclose(found["characters"], [0.5, 1, 1])


def test_the_report_is_the_same_every_time(trained, tmp_path):
    rows, models, out_of_fold = trained
    for name in ("one", "other"):
        booster_report(models, rows, out_of_fold, REPORT, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == [
        "calibration.csv",
        "calibration.svg",
        "contributions.svg",
        "importances.csv",
        "importances.svg",
        "precision_recall.svg",
    ]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    assert "char_score" in (tmp_path / "one" / "contributions.svg").read_text()


def test_missing_values_and_few_boxes_are_drawn(trained, tmp_path):
    rows, models, out_of_fold = trained
    few = rows.index[:4]
    missing = rows.loc[few].assign(**dict.fromkeys(FEATURES, np.nan))
    booster_report(models, missing, out_of_fold.loc[few].assign(target=[0, 1, 1, 1]), REPORT, tmp_path)
    assert (tmp_path / "contributions.svg").stat().st_size > 0
