"""Scores a page set stage by stage.

In: true boxes, the tables of every stage, the training's pages and true boxes if available.
Out: all scores as JSON; tables of the stages, books, codepoints, their frequency bands and confusions, as CSV
and on one HTML page; figures.
"""

import json
from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.stages import STAGES
from kuzushiji.common.tables import read_table
from kuzushiji.evaluate.metrics import confusion_table, evaluate, name_stages, score_table
from kuzushiji.evaluate.metrics_plots import plot_bands, plot_stages
from kuzushiji.publish.web_tables import write_web_page

log_to(snakemake.log[0])
settings = dict(snakemake.params.settings)
max_predictions = settings.pop("max_predictions")
known = bool(snakemake.input.training)  # whether the training's books and codepoints are known
tables = {name: [read_table(path, stage.kind) for path in snakemake.input[name]] for name, stage in STAGES.items()}
metrics = evaluate(
    name_stages(tables, **settings),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
    max_predictions,
    set(read_table(snakemake.input.training, "pages")["book"]) if known else None,
    read_table(snakemake.input.training_truth, "truth")["codepoint"] if known else None,
)
Path(snakemake.output.metrics).write_text(json.dumps(metrics, indent=1, ensure_ascii=False))
scores = {part: score_table(metrics.get(part, {})) for part in ("stages", "books", "bands", "codepoints")}
for part, table in scores.items():
    table.to_csv(snakemake.output[part], index_label=part.removesuffix("s"))
confusions = confusion_table(metrics["confusions"])
confusions.to_csv(snakemake.output.confusions, index=False)
write_web_page(
    snakemake.output.page,
    f"Scores of {snakemake.wildcards.page_set}, {snakemake.wildcards.round} round",
    {
        "by stage": scores["stages"],
        "by book": scores["books"],
        "seen and unseen books": score_table(metrics.get("training", {})),
        "by frequency in training": scores["bands"],
        "commonest confusions": confusions,
        "by codepoint": scores["codepoints"].sort_values("count", ascending=False, kind="stable"),
    },
)
plot_stages(metrics["stages"], snakemake.output.stages_plot)
plot_bands(metrics.get("bands", {}), snakemake.output.bands_plot)
