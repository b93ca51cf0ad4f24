import pandas as pd
import pytest
from tables_for_tests import random_boxes

from kuzushiji.errors import InputError
from kuzushiji.submission import submission


def test_a_submission_has_kept_centers_in_the_order_of_pages():
    corners = {"x_min": [0, 1, 4], "x_max": [1, 4, 9], "y_min": [10, 11, 20], "y_max": [13, 14, 30]}
    page = random_boxes(3, 0, "p").assign(**corners, codepoint=["U+3042", "U+3044", "U+4E00"])
    recognized = pd.concat(
        [page.assign(kept=[True, True, False]), page.assign(image_id="a", kept=[False, False, True])]
    )
    labels = submission(recognized, ["p", "empty", "a"], 1200)
    # 0.5 → 0, 11.5 → 12; 2.5 → 2, 12.5 → 12; 6.5 → 6
    assert labels["labels"].tolist() == ["U+3042 0 12 U+3044 2 12", "", "U+4E00 6 25"]
    assert labels["image_id"].tolist() == ["p", "empty", "a"]
    with pytest.raises(InputError, match="page a was recognized"):
        submission(recognized, ["p"], 1200)


def test_of_too_many_predictions_the_most_probable_stay_in_box_order():
    page = random_boxes(4, 0, "p").assign(kept=True, codepoint=["U+0", "U+1", "U+2", "U+3"])
    page["probability"] = [0.5, 0.9, 0.9, 0.7]
    assert submission(page, ["p"], 2)["labels"][0].split()[::3] == ["U+1", "U+2"]
    page["probability"] = [0.9, 0.1, 0.9, 0.9]
    assert submission(page, ["p"], 2)["labels"][0].split()[::3] == ["U+0", "U+2"]
