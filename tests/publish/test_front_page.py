import base64
import io

import pandas as pd
import pytest
from lxml import html
from PIL import Image
from viewer_for_tests import FONTS, IDS, draw_pages, recognized

from kuzushiji.publish.front_page import example, front_table, write_front_page


def scores(f1):
    one = {"f1": f1, "precision": 0.6, "recall": 0.5, "detection": {"f1": 0.9}}
    return {"characters": 1234, "stages": {"detections": {"detection": {"f1": 0.1}}, "recognized": one}}


TEXTS = pd.DataFrame(
    {
        "book": ["(all)", "(all)", "a"],
        "source": ["true boxes", "recognized", "recognized"],
        "error_rate": [0.0, 0.25, 1],
    }
)


def written(tmp_path, table, picture=None):
    write_front_page(table, picture, tmp_path / "part.html")
    part = html.fromstring((tmp_path / "part.html").read_text(encoding="utf-8"))
    figures = [" ".join(item.text_content().split()) for item in part.findall(".//li")]
    head, *rows = [[cell.text_content() for cell in row] for row in part.findall(".//tr")]
    return figures, head, rows, part.findall(".//img")


def test_the_scores_of_the_first_page_set_that_has_some_stand_above_those_of_all(tmp_path):
    table = front_table(
        {"new": 3, "test": 1200, "val": 20}, {"test": scores(0.71), "val": scores(0.8)}, {"test": TEXTS}
    )
    figures, head, rows, pictures = written(tmp_path, table)
    assert figures == ["0.710 F1 on test", "25.0% character error rate (CER)", "1,223 pages read"]
    assert head == ["", "pages", "F1", "CER", "precision", "recall", "F1 of boxes alone", "characters"]
    assert rows == [
        ["new", "3", *["–"] * 6],
        ["test", "1,200", "0.71", "0.25", "0.6", "0.5", "0.9", "1,234"],
        ["val", "20", "0.8", "–", "0.6", "0.5", "0.9", "1,234"],
    ]
    assert pictures == []


def test_pages_without_labels_have_no_scores(tmp_path):
    figures, head, rows, _ = written(tmp_path, front_table({"test": 2}, {}, {}))
    assert (figures, head, rows) == (["2 pages read"], ["", "pages"], [["test", "2"]])


@pytest.mark.parametrize(("labelled", "expected"), [(True, f"Page {IDS[0]}, F1 0.667: "), (False, f"Page {IDS[1]}: ")])
def test_a_page_of_middling_score_is_shown(tmp_path, labelled, expected):
    """Page 1 is read without a mistake; of page 0 three of four characters are right, of five that were read."""
    boxes, pages = recognized(), draw_pages(tmp_path)
    truth = boxes[boxes["kept"]].drop(index=1)
    truth.loc[0, "codepoint"] = "U+3042"
    image, caption = example(boxes, truth if labelled else None, pages, FONTS)
    assert caption.startswith(expected)
    *_, pictures = written(tmp_path, front_table({"test": 3}, {}, {}), (image, caption))
    kind, _, data = pictures[0].get("src").partition(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (400, 600)


def test_there_is_no_picture_where_nothing_was_read_or_labelled(tmp_path):
    nothing = recognized().iloc[:0]
    assert example(nothing, nothing, draw_pages(tmp_path), FONTS) is None
