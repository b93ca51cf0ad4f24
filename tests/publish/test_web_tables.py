import re

import numpy as np
import pandas as pd
import pytest
from lxml import html

from kuzushiji.publish.web_tables import rounded, with_first, write_web_page


def test_tables_and_texts_become_one_page(tmp_path):
    table = pd.DataFrame({"count": [12345, 7], "f1": [0.123456, np.nan], "name": ["a", "<b>"]}, ["U+3042 あ", "い"])
    write_web_page(tmp_path / "page.html", "A & B", {"scores": table, "text": "1 < 2\n  x: 'y'"})
    page = html.parse(tmp_path / "page.html")
    assert page.findtext(".//h1") == "A & B"
    assert [[cell.text for cell in row] for row in page.findall(".//tbody/tr")] == [
        ["U+3042 あ", "12,345", "0.1235", "a"],
        ["い", "7", "–", "<b>"],
    ]
    assert page.findtext(".//pre") == "1 < 2\n  x: 'y'"
    # Headings can be jumped to, and nothing is fetched.
    targets = {link.get("href").removeprefix("#") for link in page.findall(".//nav/a")}
    assert targets == {heading.get("id") for heading in page.findall(".//h2")} and len(targets) == 2
    assert not re.search(r"(src|href)=.?(http|//)", (tmp_path / "page.html").read_text())


def test_columns_that_tell_most_come_first_and_rows_are_not_numbered(tmp_path):
    table = pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6]}, index=[7, 8])
    write_web_page(tmp_path / "page.html", "A", {"b first": with_first(table, ["b", "gone"]), "none": table.iloc[:0]})
    page = html.parse(tmp_path / "page.html")
    assert [[cell.text for cell in row] for row in page.findall(".//tr")] == [
        ["b", "a", "c"],
        ["3", "1", "5"],
        ["4", "2", "6"],
    ]
    assert page.findtext(".//p") == "none"


@pytest.mark.parametrize(
    ("value", "text"), [(0.123456, "0.1235"), (12.3456, "12.35"), (27.0, "27"), (123456.7, "123,457"), (0.0, "0")]
)
def test_floats_have_four_digits_or_all_before_the_point(value, text):
    assert rounded(value) == text
