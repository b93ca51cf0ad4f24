"""The stages from a page to its characters, in their order: what each leaves, and which rules make it."""

from typing import NamedTuple


class Stage(NamedTuple):
    """A stage's tables of a page set."""

    rules: tuple[str, ...]  # that make them
    kind: str  # of `common.tables`
    path: str
    each: tuple[str, ...] = ()  # a table for each detector, each detector and classifier, or one


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
