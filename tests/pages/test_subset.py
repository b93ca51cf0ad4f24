import pandas as pd
import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.pages.subset import subset


def test_a_subset_keeps_the_rows_of_its_pages():
    tables = [
        pd.DataFrame({"image_id": ["a", "a", "b"], "box": [0, 1, 0]}),
        pd.DataFrame({"image_id": ["c"], "box": [0]}),
    ]
    assert subset(tables, ["a", "c"]).to_numpy().tolist() == [["a", 0], ["a", 1], ["c", 0]]


def test_the_same_page_in_two_sets_is_refused_only_where_it_is_asked_for():
    tables = [pd.DataFrame({"image_id": ["a", "b"]}), pd.DataFrame({"image_id": ["b"]})]
    with pytest.raises(InputError, match="b: the same page id in two image sets"):
        subset(tables, ["a", "b"])
    assert subset(tables, ["a"])["image_id"].tolist() == ["a"]
