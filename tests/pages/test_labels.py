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
    boxes, (problem,) = read_labels(path)
    assert boxes == {}
    assert problem.startswith(f"{path}: row 1: the columns must be `image_id,labels`, or `image_id,unicode,")
    assert problem.endswith("not `id,text`")


def table(path, header, *rows):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_table_of_boxes_is_read_too_and_what_is_not_trusted_left_out(tmp_path):
    header = "image_id,order,unicode,x,y,width,height,trust"
    path = table(tmp_path / "chars.csv", header, "a,0.5,U+3042,10,20,30,40,3", "b,0,U+3044,1,2,3,4,1")
    assert read_labels(path) == ({"a": [("U+3042", 10, 20, 30, 40)], "b": [("U+3044", 1, 2, 3, 4)]}, [])
    assert read_labels(path, 2) == ({"a": [("U+3042", 10, 20, 30, 40)], "b": []}, [])
    path = table(tmp_path / "aligned.csv", "image_id,x_min,y_min,x_max,y_max,codepoint", "a,10,20,40,60,U+3042")
    assert read_labels(path) == ({"a": [("U+3042", 10, 20, 30, 40)]}, [])


def test_every_malformed_row_of_a_table_is_reported_with_its_number(tmp_path):
    path = table(
        tmp_path / "chars.csv",
        "image_id,unicode,x,y,width,height,trust",
        "a,U+3042,1,2,3,4,3",
        "a,あ,1,2,3,4,3",
        "a,U+3042,1.5,2,3,4,3",
        "a,U+3042,1,2,0,4,3",
        "a,U+3042,1,2,3,4,sure",
        "a,U+3042,1,2",
        ",U+3042,1,2,3,4,3",
    )
    boxes, problems = read_labels(path, 1)
    assert [int(problem.split("row ")[1].split(":")[0]) for problem in problems] == [3, 4, 5, 6, 7, 8]
    assert boxes == {"a": [("U+3042", 1, 2, 3, 4)]}


def test_trust_must_be_there_if_it_is_asked_for(tmp_path):
    path = table(tmp_path / "chars.csv", "image_id,unicode,x,y,width,height", "a,U+3042,1,2,3,4")
    runs = write(tmp_path / "train.csv", "a,U+3042 1 2 3 4")
    for file in (path, runs):
        boxes, (problem,) = read_labels(file, 2)
        assert boxes == {}
        assert problem.startswith(f"{file}: row 1: there is no column `trust`: remove `least_trust: 2`")
    path = table(tmp_path / "twice.csv", "image_id,unicode,x,y,width,height,x", "a,U+3042,1,2,3,4,5")
    assert "a column is there twice" in read_labels(path)[1][0]
