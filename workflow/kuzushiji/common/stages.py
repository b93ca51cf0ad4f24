"""The stages from a page to its characters, in order, with their tables and rules."""

from typing import NamedTuple


class Stage(NamedTuple):
    """A stage's tables of a page set."""

    rules: tuple[str, ...]  # the rules that make them
    kind: str  # the kind of table in `common.tables`
    path: str
    each: tuple[str, ...] = ()  # a table per detector, per detector and classifier, or a single one


STAGES = {
    "detections": Stage(
        ("denoise", "detect", "gather_detections"),
        "detections",
        "results/detections/{page_set}/{detector}.parquet",
        ("detector",),
    ),
    "predictions": Stage(
        ("classify", "gather_predictions"),
        "predictions",
        "results/{round}/predictions/{page_set}/{detector}/{classifier}.parquet",
        ("detector", "classifier"),
    ),
    "fused": Stage(("fuse",), "predictions", "results/{round}/fused/{page_set}/{detector}.parquet", ("detector",)),
    "merged": Stage(("nms",), "merged", "results/{round}/merged/{page_set}.parquet"),
    "recognized": Stage(("features", "filter"), "recognized", "results/{round}/recognized/{page_set}.parquet"),
}
