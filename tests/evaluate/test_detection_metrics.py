from xml.etree import ElementTree

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables_for_tests import box_lists, empty, golden_merged, golden_truth, page_sizes, random_boxes

from kuzushiji.common.errors import InputError
from kuzushiji.evaluate.detection_metrics import ALL, IOUS, average_precision, coco_matches, detection_metrics
from kuzushiji.evaluate.detection_plots import plot_books, plot_iou, plot_scores
from kuzushiji.evaluate.metrics import evaluate

SETTINGS = {"detector_score": 0.5, "scores": [0.1, 0.5, 0.75]}
PLOTS = {"books": plot_books, "scores": plot_scores, "iou": plot_iou}


def boxes(*rows, kind="detections"):
    """Rows of (image_id, x_min, y_min, x_max, y_max, score)."""
    table = pd.DataFrame(rows, columns=["image_id", "x_min", "y_min", "x_max", "y_max", "detector_score"])
    table = table.assign(box=table.groupby("image_id").cumcount(), codepoint="U+3042")
    return table.astype({"detector_score": np.float32}).drop(
        columns="detector_score" if kind == "truth" else "codepoint"
    )


def by_hand():
    """Pages of two books, and a third without characters."""
    pages = page_sizes("p1", "p2", "q1", "r1").assign(book=["p", "p", "q", "r"])
    square = (0, 0, 10, 10, 1)
    truth = boxes(("p1", *square), ("p1", 20, 0, 30, 10, 1), ("p2", *square), ("q1", *square), kind="truth")
    found = boxes(
        ("p1", 0, 0, 10, 10, 0.9),
        ("p1", 22, 0, 32, 10, 0.8),  # IoU 2 / 3
        ("p1", 1, 0, 11, 10, 0.7),  # of a box that is taken
        ("p2", 0, 0, 10, 10, 0.4),
        ("q1", 40, 40, 50, 50, 0.5),
        ("r1", *square[:4], 0.6),
    )
    return found, truth, pages


def row(table, **where):
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_scores_by_hand():
    found, truth, pages = by_hand()
    result = detection_metrics({"one": found}, truth, pages, {"p", "r"}, SETTINGS)
    books = result["books"]
    assert books[["book", "training"]].to_numpy().tolist() == [
        *(["p", "seen"], ["q", "unseen"], ["r", "seen"]),
        *([ALL, "seen"], [ALL, "unseen"], [ALL, ALL]),
    ]
    p = row(books, book="p")
    assert (p["pages"], p["characters"], p["boxes"]) == (2, 3, 4)
    assert (p["precision"], p["recall"]) == pytest.approx((2 / 3, 2 / 3))
    assert (p["precision_iou50"], p["recall_iou50"]) == pytest.approx((2 / 3, 2 / 3))
    assert (p["precision_iou75"], p["recall_iou75"]) == pytest.approx((1 / 3, 1 / 3))
    # By score the boxes are right, right, wrong, right (the last on p2): of COCO's 101 recalls 67 are reached by the
    # second and the rest by the fourth. From IoU 0.7 on the second is wrong: 34 by the first, 33 by the fourth.
    loose, strict = (67 + 34 * 3 / 4) / 101, (34 + 33 * 2 / 4) / 101
    assert p["average_precision"] == pytest.approx((4 * loose + 6 * strict) / 10)
    q, r = row(books, book="q"), row(books, book="r")
    assert (q["f1"], q["recall_iou50"], q["average_precision"]) == (0, 0, 0)
    assert (r["f1"], r["precision"], r["characters"]) == (0, 0, 0)
    assert np.isnan(r["average_precision"])
    assert row(books, book=ALL, training="seen")["precision"] == pytest.approx(2 / 4)
    everything = row(books, book=ALL, training=ALL)
    assert (everything["pages"], everything["characters"], everything["boxes"]) == (4, 4, 6)
    assert everything["f1"] == pytest.approx(2 * 2 / (5 + 4))

    scores = result["scores"]
    assert scores["boxes"].tolist() == [6, 5, 2]  # 0.5 reaches 0.5
    assert scores["f1"].tolist() == pytest.approx([6 / 10, 4 / 9, 4 / 6])
    assert scores["best"].tolist() == ["", "", "best"]
    assert scores["recall_iou50"].tolist() == pytest.approx([3 / 4, 2 / 4, 2 / 4])
    iou = result["iou"]
    assert iou["iou"].tolist() == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    assert iou["recall"].tolist() == pytest.approx([2 / 4] * 4 + [1 / 4] * 6)
    assert iou["precision"].tolist() == pytest.approx([2 / 5] * 4 + [1 / 5] * 6)
    assert iou["average_precision"].mean() == pytest.approx(everything["average_precision"])


def test_detection_agrees_with_the_metrics_of_the_stages():
    merged, pages = golden_merged()
    detections = merged.drop(columns=["codepoint", "probability", "detector"])
    tables = {"low": detections, "high": detections[detections["detector_score"] >= 0.9]}
    settings = {"detector_score": 0.3, "scores": [0.3, 0.6, 0.9]}
    result = detection_metrics(tables, golden_truth(), pages, {"one"}, settings)
    assert result["books"]["detector"].tolist() == ["low"] * 5 + ["high"] * 5
    for name, table in tables.items():
        reported = table[table["detector_score"] >= 0.3]
        expected = evaluate({"": reported}, golden_truth(), pages, 1200)["stages"][""]["detection"]
        books = result["books"][result["books"]["detector"] == name]
        everything = row(books, book=ALL, training=ALL)
        assert everything["f1"] == expected["f1"] == row(result["scores"], detector=name, score=0.3)["f1"]
        assert everything["recall_iou75"] == row(result["iou"], detector=name, iou=0.75)["recall"]
        assert everything["characters"] == books[books["book"] != ALL]["characters"].sum()
        seen = row(books, book=ALL, training="seen").drop(["book"])
        pd.testing.assert_series_equal(seen, row(books, book="one").drop(["book"]), check_names=False)
        best = result["scores"][result["scores"]["detector"] == name]
        assert best.loc[best["best"] == "best", "f1"].tolist() == [best["f1"].max()]
    shuffled = {name: table.sample(frac=1, random_state=0) for name, table in tables.items()}
    again = detection_metrics(shuffled, golden_truth()[::-1], pages[::-1], {"one"}, settings)
    for name, table in result.items():
        pd.testing.assert_frame_equal(again[name], table)


def greedy(found, truth):
    """Whether each box of a page has a true box at each IoU: best score first, the free true box it overlaps most."""
    matched = np.zeros((len(found), len(IOUS)), dtype=bool)
    for t, threshold in enumerate(IOUS):
        free = set(range(len(truth)))
        for i in np.argsort(-found["detector_score"].to_numpy(), kind="stable"):
            a, overlaps = found.iloc[i], []
            for j in sorted(free):
                b = truth.iloc[j]
                width = min(a.x_max, b.x_max) - max(a.x_min, b.x_min)
                height = min(a.y_max, b.y_max) - max(a.y_min, b.y_min)
                both = max(width, 0) * max(height, 0)
                areas = [(c.x_max - c.x_min) * (c.y_max - c.y_min) for c in (a, b)]
                overlaps.append((both / (sum(areas) - both), j))
            if overlaps and max(overlaps)[0] >= threshold:
                free.remove(max(overlaps)[1])
                matched[i, t] = True
    return matched


def interpolated(matched, score, true):
    """Average precision at 101 recalls."""
    hits = np.cumsum(matched[np.argsort(-score, kind="stable")])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / true
    return np.mean([precision[recall >= r].max(initial=0) for r in np.linspace(0, 1, 101)])


@given(box_lists(most=6, extent=6), box_lists(most=4, extent=6, min_size=1), st.randoms(use_true_random=False))
def test_matching_is_greedy_by_score(found, true, random):
    found = boxes(*[("p", *box, random.choice([0.2, 0.5, 0.9])) for box in found])
    truth = boxes(*[("p", *box, 1) for box in true], kind="truth")
    matches, matched = coco_matches(found, truth, pd.Series(["other", "p"]))
    np.testing.assert_array_equal(matched, greedy(found, truth))
    score = found["detector_score"].to_numpy()
    expected = [interpolated(matched[:, i], score, len(truth)) for i in range(len(IOUS))]
    np.testing.assert_allclose(average_precision(matches), expected)


def test_every_box_of_a_crowded_page_counts():
    table = random_boxes(1500, seed=0).drop(columns="codepoint").assign(detector_score=np.linspace(0.9, 0.1, 1500))
    truth = table.tail(1).assign(codepoint="U+3042", x_min=10_000, x_max=10_010)
    table.loc[1499, ["x_min", "x_max"]] = 10_000, 10_010
    result = detection_metrics({"one": table}, truth, page_sizes("page"), set(), SETTINGS | {"detector_score": 0})
    assert row(result["books"], book="book")["recall_iou75"] == 1
    assert 0 < row(result["books"], book="book")["average_precision"] < 0.01


@pytest.mark.parametrize("without", ["found", "truth", "both"])
def test_what_is_not_there_scores_nothing(without, tmp_path):
    found, truth, pages = by_hand()
    found = empty("detections") if without in ("found", "both") else found
    truth = empty("truth") if without in ("truth", "both") else truth
    result = detection_metrics({"one": found}, truth, pages, set(), SETTINGS)
    assert len(result["books"]) == 5
    for name, table in result.items():
        assert (table.filter(regex="f1|^precision|^recall") == 0).all(axis=None)
        if name != "scores":
            precision = table["average_precision"]
            no_truth = table["characters"].eq(0) if name == "books" else pd.Series(len(truth) == 0, table.index)
            assert precision[no_truth].isna().all()
            assert (precision[~no_truth] == 0).all()
        PLOTS[name](table, tmp_path / f"{name}.svg")
    assert not result["scores"]["best"].any()


def test_bad_input_is_named():
    found, truth, pages = by_hand()
    with pytest.raises(InputError, match=r"detections of one: page r1 is not of this page set \(1 such pages\)"):
        detection_metrics({"one": found}, truth, pages[:3], set(), SETTINGS)
    with pytest.raises(InputError, match="has no pages"):
        detection_metrics({"one": found}, truth, pages[:0], set(), SETTINGS)
    with pytest.raises(InputError, match="no detector"):
        detection_metrics({}, truth, pages, set(), SETTINGS)


def test_true_boxes_of_other_pages_do_not_count():
    found, truth, pages = by_hand()
    result = detection_metrics({"one": found[found["image_id"] == "p2"]}, truth, pages[1:2], set(), SETTINGS)
    assert row(result["scores"], score=0.1)["f1"] == 1


def test_what_training_saw_may_be_unknown(tmp_path):
    found, truth, pages = by_hand()
    books = detection_metrics({"one": found}, truth, pages, None, SETTINGS)["books"]
    assert books[["book", "training"]].to_numpy().tolist() == [
        *(["p", "unknown"], ["q", "unknown"], ["r", "unknown"]),
        *([ALL, "unknown"], [ALL, ALL]),
    ]
    plot_books(books, tmp_path / "books.svg")
    said = " ".join(ElementTree.fromstring((tmp_path / "books.svg").read_bytes()).itertext())
    assert "q" in said and "(unseen)" not in said


@pytest.mark.filterwarnings("ignore:Glyph")  # the browser has the font
@pytest.mark.parametrize("name", PLOTS)
def test_equal_tables_give_equal_pictures(name, tmp_path):
    found, truth, pages = by_hand()
    pages["book"] = pages["book"].replace("q", "源$<&$")
    table = detection_metrics({"000280": found, "000320": found[:3]}, truth, pages, {"p"}, SETTINGS)[name]
    PLOTS[name](table, tmp_path / "first.svg")
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 3}):
        PLOTS[name](table, tmp_path / "second.svg")
    first = (tmp_path / "first.svg").read_bytes()
    assert first == (tmp_path / "second.svg").read_bytes()
    said = " ".join(ElementTree.fromstring(first).itertext())
    labels = {
        "books": ["000280", "源$<&$ (unseen)", "0.67"],
        "scores": ["000280: best F1 0.667 at score 0.75", "Recall"],
        "iou": ["000320", "Average precision"],
    }
    assert all(label in said for label in labels[name])
    PLOTS[name](table.replace({"detector": {"000320": "000321"}}), tmp_path / "second.svg")
    assert first != (tmp_path / "second.svg").read_bytes()
