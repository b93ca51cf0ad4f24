from kuzushiji.pages.labels import read_labels, truth_table


def write(path, *rows):
    path.write_text("\n".join(["image_id,labels", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_run_becomes_rows_with_corners(tmp_path):
    boxes, problems = read_labels(write(tmp_path / "train.csv", "a,U+3042 10 20 30 40 U+2000B 1 2 3 4", "b,"))
    assert problems == []
    assert boxes["b"] == []
    table = truth_table(boxes)
    assert table.to_numpy().tolist() == [["a", 0, 10, 20, 40, 60, "U+3042"], ["a", 1, 1, 2, 4, 6, "U+2000B"]]


def test_every_malformed_row_is_reported_with_its_number(tmp_path):
    path = write(
        tmp_path / "train.csv",
        "a,U+3042 1 2 3",
        "b,あ 1 2 3 4",
        "c,U+3042 1 2 0 4",
        "d,U+3042 1.5 2 3 4 U+3044 1 2 3 4",
        "d,",
        "e,U+3042 1 2 3 4,more",
        "f,U+3042 1 2 3 4",
    )
    boxes, problems = read_labels(path)
    assert [int(problem.split("row ")[1].split(":")[0]) for problem in problems] == [2, 3, 4, 5, 6, 7]
    assert all(str(path) in problem for problem in problems)
    assert boxes["f"] == [("U+3042", 1, 2, 3, 4)]
    assert boxes["d"] == [("U+3044", 1, 2, 3, 4)]


def test_other_columns_are_refused(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("id,text\na,b\n")
    assert read_labels(path) == ({}, [f"{path}: row 1: the columns must be `image_id,labels`, not `id,text`"])
