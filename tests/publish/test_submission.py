from pathlib import Path

import pandas as pd
import pytest
from tables_for_tests import random_boxes

from kuzushiji.common.errors import InputError
from kuzushiji.publish.submission import read_submission, submission


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


def test_a_submission_is_read_back_as_it_was_written(tmp_path):
    recognized = pd.concat([random_boxes(30, 0, "p"), random_boxes(1300, 1, "q")]).assign(kept=True)
    table = submission(recognized, ["q", "empty", "p"], 1200)
    table.to_csv(tmp_path / "submission.csv", index=False)
    points = read_submission(tmp_path / "submission.csv", 1200)
    assert {page: len(found) for page, found in points.items()} == {"q": 1200, "empty": 0, "p": 30}
    corners = random_boxes(30, 0, "p")
    assert points["p"]["codepoint"].tolist() == corners["codepoint"].tolist()
    assert (points["p"]["x"] >= corners["x_min"]).all()
    assert (points["p"]["x"] <= corners["x_max"]).all()
    with pytest.raises(InputError, match=r"submission.csv, page q: 1200 predictions; the competition takes 1199"):
        read_submission(tmp_path / "submission.csv", 1199)


def test_the_sample_gives_the_order_and_must_name_the_same_pages():
    page = random_boxes(2, 0, "p").assign(kept=True)
    assert submission(page, ["p", "a"], 9, ["a", "p"])["image_id"].tolist() == ["a", "p"]
    with pytest.raises(InputError, match=r"page z is wanted, but is no page of this set .1 such pages"):
        submission(page, ["p"], 9, ["p", "z"])
    with pytest.raises(InputError, match=r"page p is of this set, but is not wanted"):
        submission(page, ["p", "a"], 9, ["a"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image_id,label\np,\n", "the columns are image_id, label"),
        ("image_id,labels\np,U+3042 1 1\np,\n", "page p is there twice"),
        ("image_id,labels\np,U+3042 1\n", "page p: 2 words do not make triples"),
        ("image_id,labels\np,U+3042 1 1.5\n", "page p: '1.5' is out of place"),
        ("image_id,labels\np,あ 1 1\n", "page p: 'あ' is out of place"),
        ('image_id,labels\np,"U+3042\n', "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_malformed_files_are_refused(tmp_path, text, message):
    path = tmp_path / "submission.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read_submission(path, 1200)
    assert str(path) in str(error.value)


def test_the_competitions_own_sample_is_read():
    sample = Path(__file__).parents[3] / "shared/data/kaggle_meta/sample_submission.csv"
    if not sample.exists():
        pytest.skip("the competition's sample does not lie beside the checkout")
    points = read_submission(sample, 1200)
    assert len(points) == 4150
    ids = list(points)
    assert submission(random_boxes(0, 0).assign(kept=True), ids[::-1], 1200, ids)["image_id"].tolist() == ids
