import pandas as pd
import pytest
from crops_for_tests import CHARSET, SETTINGS, draw_crops

from kuzushiji.classifier.crop_loading import PLAIN, crop_loading


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("changes", [{}, {"channels": "rgb", "mixing": None, "crops": 200, "grayscale": 0.5}])
def test_every_part_is_measured_on_the_same_crops(tmp_path, changes):
    rows = draw_crops(tmp_path)
    settings = {**SETTINGS, "crops": 50, "classifier": "01_mine", **changes}
    table = crop_loading([tmp_path / "0.arrow"], rows, CHARSET, settings, workers=1)
    assert table["part"].tolist() == ["loader", "training step", "both", PLAIN]
    assert table["crops"].unique().tolist() == [settings["crops"] // 16 * 16]  # more than there are, repeated
    assert (table["seconds"] > 0).all()
    pd.testing.assert_series_equal(table["crops_per_second"], table["crops"] / table["seconds"], check_names=False)
    alone = table.set_index("part")["seconds"][["loader", "training step"]]
    assert table.loc[table["bounds"], "part"].tolist() == [alone.idxmax()]
    assert table["classifier"].unique().tolist() == ["01_mine"] and table["workers"].unique().tolist() == [1]
