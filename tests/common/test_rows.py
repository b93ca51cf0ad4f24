"""Tables that people make: one reader for labels, transcriptions and corrections."""

import pytest

from kuzushiji.common.errors import InputError
from kuzushiji.common.rows import read_rows
from kuzushiji.pages.labels import read_labels
from kuzushiji.text.transcriptions import read_transcriptions

RUN = "U+3042 111 222 30 40"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_write_is_read(tmp_path, encoding, end):
    path = write(tmp_path / "t.csv", end.join(["image_id,text", "p,あい", "", 'q,"う,え"', ""]), encoding)
    assert [row for _, row in read_rows(path)] == [["image_id", "text"], ["p", "あい"], ["q", "う,え"]]
    assert read_transcriptions(path) == {"p": "あい", "q": "う,え"}


def test_a_page_may_have_more_boxes_than_a_field_of_python_has_room_for(tmp_path):
    boxes, problems = read_labels(write(tmp_path / "l.csv", "image_id,labels\np," + " ".join([RUN] * 5461)))
    assert (len(boxes["p"]), problems) == (5461, [])
    text = "あ" * 140_000
    assert read_transcriptions(write(tmp_path / "t.csv", f"image_id,text\np,{text}"))["p"] == text


# One error with file and row, for labels and for transcriptions.
@pytest.mark.parametrize(
    ("text", "encoding", "says"),
    [
        ("image_id,{column}\nq,\n頁,{value}\n", "cp932", "row 3: cannot be read: it is no UTF-8"),
        ('image_id,{column}\nq,\np,"{value}\nr,{value}\n', "utf-8", "row 3: a quotation mark"),
        ('image_id,{column}\nq,\np,"{value}\nr,"{value}"\n', "utf-8", "row 3: a quotation mark"),
        ('image_id,{column}\nq,\np,"{value}\nr,{value}"\n', "utf-8", "row 3: "),
        ("image_id,{column},{column}\np,{value},{value}\n", "utf-8", "row 1: a column is there twice"),
        ("image_id,{column}\nq,\np,{value},{value}\n", "utf-8", "row 3: "),
    ],
)
def test_nothing_is_swallowed(tmp_path, text, encoding, says):
    labels = write(tmp_path / "l.csv", text.format(column="labels", value=RUN), encoding)
    (problem,) = read_labels(labels)[1][:1]
    assert problem.startswith(f"{labels}: {says}")
    texts = write(tmp_path / "t.csv", text.format(column="text", value="あ"), encoding)
    with pytest.raises(InputError, match=f"t.csv: {says}"):
        read_transcriptions(texts)


@pytest.mark.parametrize(
    "run",
    [
        *[f"{name} 1 2 3 4" for name in ("U+D83D", "U+110000", "U+0000", "U+FFFF", "U+000A", "U+003042", "あ")],
        f"U+3042 1 2 {'9' * 5000} 4",
        "U+3042 1 2 30 40\0",
    ],
)
def test_a_box_that_would_fail_later_is_one_error(tmp_path, run):
    path = write(tmp_path / "l.csv", f"image_id,labels\nq,{RUN}\np,{run}\n")
    boxes, (problem,) = read_labels(path)
    assert problem.startswith(f"{path}: row 3: p: ") and len(problem) < 300 + len(str(path))
    assert boxes["q"] and not boxes["p"]
