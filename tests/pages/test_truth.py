"""Labels against the pages."""

import pandas as pd
import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.pages.truth import check_labels

PAGES = pd.DataFrame({"image_id": ["a", "b"], "width": [60, 60], "height": [80, 80]})


@pytest.fixture
def check(tmp_path):
    """A function that checks the labels of two pages of 60x80 pixels."""

    def run(rows):
        (tmp_path / "train.csv").write_text("image_id,labels\n" + rows, encoding="utf-8")
        return check_labels(PAGES, tmp_path / "train.csv")

    return run


def test_all_that_is_wrong_is_reported_together(check):
    with pytest.raises(InputError) as error:
        check("a,U+3042 50 70 20 20 U+3044 60 0 5 5\nother,U+3042 1 2 3 4\n")
    message = str(error.value)
    assert "Problems with the labels (3)" in message
    assert "train.csv: other has labels but no image" in message
    assert "train.csv: b has an image but no row" in message
    assert "`U+3044 60 0 5 5` lies outside the page of 60x80" in message


def test_labels_of_other_pages_do_not_matter_where_pages_are_chosen(tmp_path):
    (tmp_path / "train.csv").write_text("image_id,labels\na,U+3042 5 5 20 20\nother,U+3042 1 2 3 4\n")
    truth = check_labels(PAGES[:1], tmp_path / "train.csv", of_some=True)
    assert truth["image_id"].tolist() == ["a"]
    with pytest.raises(InputError, match=r"\(1\):\n.*b has an image but no row"):
        check_labels(PAGES, tmp_path / "train.csv", of_some=True)


def test_a_box_is_cut_at_the_edge(check):
    truth = check("a,U+3042 50 70 20 20\nb,\n")
    assert truth[["x_min", "y_min", "x_max", "y_max"]].to_numpy().tolist() == [[50, 70, 60, 80]]


def test_a_file_in_another_layout_is_one_problem(check, tmp_path):
    (tmp_path / "train.csv").write_text("id,text\n")
    with pytest.raises(InputError, match=r"Problems with the labels \(1\).*\n.*the columns must be"):
        check_labels(PAGES, tmp_path / "train.csv")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"missing\.csv: there is no such label file"):
        check_labels(PAGES, tmp_path / "missing.csv")


def test_pages_without_labels_have_no_truth():
    assert check_labels(PAGES, None).empty
