from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from kuzushiji.detector.detection_cost import detection_cost, growth, plot_cost

CONFIG = yaml.safe_load(Path("config.yaml").read_text())
MODEL = CONFIG["detector_trainings"]["faster_rcnn"]["model"] | {
    "depth": 18,
    "pretrained": False,
    "neck_channels": 8,
    "anchor_sizes": [4],
}
MODEL |= {"pixel_mean": [128.0] * 3, "pixel_std": [500.0] * 3}


def test_every_case_is_measured_once(tmp_path):
    settings = CONFIG["detect"] | {"model": MODEL, "proposals": 50, "score": 0.0, "nms_iou": 1.0}
    settings |= {"page_sizes": [[60, 90]], "short_sides": [64, 96], "passes": [1, 4]}
    table = detection_cost(settings, threads=1)
    assert table[["short_side", "passes"]].to_numpy().tolist() == [[64, 1], [96, 1], [64, 4]]
    assert table["pass_megapixels"].tolist() == pytest.approx([0.006144, 0.013824, 0.006144])
    # One pass gives up to 50 boxes, four give more; a process with PyTorch takes more than 100 MB.
    assert table["boxes"][2] > table["boxes"][0] > 0
    assert (table["seconds"] > 0).all() and table["peak_megabytes"].between(100, 4000).all()
    plot_cost(table, tmp_path / "cost.svg")
    assert "pass megapixels" in (tmp_path / "cost.svg").read_text()


def test_growth_finds_lines_and_powers():
    sizes = np.array([1.0, 2, 4])
    table = pd.DataFrame({"width": 10, "short_side": [5, 6, 7, 5, 5], "passes": [1, 1, 1, 2, 4]})
    table["page_megapixels"] = 3.0
    table["pass_megapixels"] = [*sizes, 1, 1]
    table["seconds"] = [*(2 + 3 * sizes), 8.0, 14.0]  # 5, 8, 14 for 1, 2, 4 passes
    table["peak_megabytes"] = [*(100 * sizes**2), 100.0, 100.0]
    found = growth(table).set_index(["cost", "against"])
    assert set(found.index.get_level_values("against")) == {"pass_megapixels", "passes"}
    assert found.loc[("seconds", "pass_megapixels"), ["base", "slope"]].tolist() == pytest.approx([2, 3])
    assert found.loc[("seconds", "passes"), ["base", "slope"]].tolist() == pytest.approx([2, 3])
    assert found.loc[("peak_megabytes", "pass_megapixels"), "exponent"] == pytest.approx(2)
    assert found.loc[("peak_megabytes", "passes"), "exponent"] == pytest.approx(0, abs=1e-9)
