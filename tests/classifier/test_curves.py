import re
from functools import partial
from pathlib import Path

import matplotlib_fontja
import pandas as pd
import pytest

from kuzushiji.classifier.curves import plot_confusions, plot_history

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2],
        "loss": [3.0, 1.0],
        "accuracy": [0.5, 0.75],
        "macro_accuracy": [0.4, 0.6],
        "learning_rate": [0.1, 0.01],
    }
)
FONTS = sorted((Path(matplotlib_fontja.__file__).parent / "fonts").glob("*.ttf"))
PAIRS = pd.DataFrame({"codepoint": ["U+3042"], "read_as": ["U+2000B"], "crops": [7], "share": [0.5]})


@pytest.mark.filterwarnings("error")
def test_figures_name_the_classifiers_and_pairs_and_have_the_same_bytes_every_time(tmp_path):
    for plot, tables, texts in (
        (
            plot_history,
            {"01_one": HISTORY, "02_other": HISTORY[:1]},
            ["01_one: best accuracy 0.7500", "02_other: best"],
        ),
        (
            partial(plot_confusions, fonts=FONTS),
            {"01_one": PAIRS, "02_other": PAIRS[:0]},
            ["あ U+3042 read as \U0002000b U+2000B", "none"],
        ),
    ):
        for name in ("one.svg", "other.svg"):
            plot(tables, tmp_path / name)
        written = (tmp_path / "one.svg").read_text()
        assert written == (tmp_path / "other.svg").read_text()
        for text in texts:
            assert text in re.sub(r"&#x([0-9a-f]+);", lambda found: chr(int(found[1], 16)), written)


def test_one_classifier_is_enough(tmp_path):
    plot_history({"01_one": HISTORY}, tmp_path / "history.svg")
    plot_confusions({"01_one": PAIRS}, tmp_path / "confusions.svg", FONTS)
    assert (tmp_path / "history.svg").stat().st_size and (tmp_path / "confusions.svg").stat().st_size


def test_readers_need_no_font_of_their_own(tmp_path):
    plot_confusions({"01_one": PAIRS}, tmp_path / "confusions.svg", FONTS)
    drawn = (tmp_path / "confusions.svg").read_text()
    assert "<text" not in drawn
    assert 'id="IPAexGothic-' in drawn  # the outlines of what matplotlib's own font has not
