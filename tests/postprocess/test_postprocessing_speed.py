import reference
from tables_for_tests import CODEPOINTS

from kuzushiji.common.boxes import CORNERS
from kuzushiji.postprocess import postprocessing_speed as postprocessing
from kuzushiji.postprocess.postprocessing_speed import drawn_boxes, drawn_pages, postprocessing_speed

SETTINGS = {
    "crowded": 40,
    "crowded_pages": 3,
    "boxes": 30,
    "pages": [2, 4],
    "training_pages": 20,
    "parameters": {"num_leaves": 4},
    "iou": 0.3,
    "threshold": 0.5,
    "max_predictions": 1200,
    "training": {
        "folds": 2,
        "protocol": "published",
        "seed": 7,
        "max_depth": 3,
        "max_bin": 63,
        "rounds": 5,
        "early_stopping": 5,
    },
}


def test_every_piece_of_work_is_measured(tmp_path, monkeypatch):
    def here(function, *arguments, threads=1):  # instead of in new processes, whose start takes seconds
        return function(*arguments), 1.0

    monkeypatch.setattr(postprocessing, "measured", here)
    table = postprocessing_speed(SETTINGS, reference.pairwise_suppression, reference.features, tmp_path, 1)
    assert table["work"].tolist() == [
        *("nms", "features", "nms", "nms", "features", "features"),
        *("whole: fuse", "whole: nms", "whole: features", "whole: filter", "whole: submission", "whole"),
    ]
    assert (table["seconds"] > 0).all()
    assert (table["times_faster"].dropna() > 0).all()
    whole = table.set_index("work")["seconds"]
    assert whole["whole"] == sum(
        whole[f"whole: {part}"] for part in ("fuse", "nms", "features", "filter", "submission")
    )
    labels = (tmp_path / "submission.csv").read_text().splitlines()
    assert len(labels) == 1 + SETTINGS["pages"][-1]


def test_drawn_pages_are_crowded_alike_and_have_area():
    boxes, pages = drawn_boxes(3, 60, 0), drawn_pages(3)
    assert boxes.groupby("image_id").size().to_dict() == dict.fromkeys(pages["image_id"], 60)
    assert (boxes["x_max"] > boxes["x_min"]).all()
    assert (boxes["y_max"] > boxes["y_min"]).all()
    assert boxes[CORNERS].min().min() > -300
    assert boxes["codepoint"].str.fullmatch(r"U\+[0-9A-F]{4}").all()
    assert len(set(boxes["codepoint"])) > len(CODEPOINTS)
