"""Scores a page set stage by stage.

In: true boxes, and the tables of every stage. Out: all scores as JSON, and tables of the stages and the books.
"""

import json
from itertools import product
from pathlib import Path

from kuzushiji.logs import log_to
from kuzushiji.metrics import evaluate, score_table
from kuzushiji.tables import read_table

log_to(snakemake.log[0])
settings, tables = snakemake.params.settings, snakemake.input
readings = product(settings["detectors"], settings["classifiers"])
stages = {
    **{f"detected {name}": (path, "detections") for name, path in zip(settings["detectors"], tables.detections, strict=True)},
    **{f"read {' '.join(names)}": (path, "predictions") for names, path in zip(readings, tables.predictions, strict=True)},
    **{f"fused {name}": (path, "predictions") for name, path in zip(settings["detectors"], tables.fused, strict=True)},
    "merged": (tables.merged, "merged"),
    "recognized": (tables.recognized, "recognized"),
}
metrics = evaluate(
    {name: read_table(path, kind) for name, (path, kind) in stages.items()},
    read_table(tables.truth, "truth"),
    read_table(tables.pages, "pages"),
)
Path(snakemake.output.metrics).write_text(json.dumps(metrics, indent=1, ensure_ascii=False))
score_table(metrics["stages"]).to_csv(snakemake.output.stages, index_label="stage")
score_table(metrics["books"]).to_csv(snakemake.output.books, index_label="book")
