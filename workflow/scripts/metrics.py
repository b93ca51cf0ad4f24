"""Scores a page set stage by stage.

In: true boxes, the tables of every stage, and the pages of training.
Out: all scores as JSON, and tables of the stages and the books.
"""

import json
from pathlib import Path

from kuzushiji.logs import log_to
from kuzushiji.metrics import evaluate, score_table
from kuzushiji.tables import read_table

KINDS = {"detections": "detections", "predictions": "predictions", "fused": "predictions"}
KINDS |= {"merged": "merged", "recognized": "recognized"}

log_to(snakemake.log[0])
stages = {}
for stage, kind in KINDS.items():
    for path in snakemake.input[stage]:
        _, made_by = path.removesuffix(".parquet").split(snakemake.wildcards.page_set, 1)
        stages[f"{stage} {made_by.replace('/', ' ')}".replace("  ", " ").strip()] = read_table(path, kind)
metrics = evaluate(
    stages,
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
    set(read_table(snakemake.input.training, "pages")["book"]),
)
Path(snakemake.output.metrics).write_text(json.dumps(metrics, indent=1, ensure_ascii=False))
score_table(metrics["stages"]).to_csv(snakemake.output.stages, index_label="stage")
score_table(metrics["books"]).to_csv(snakemake.output.books, index_label="book")
