"""Scores the detectors alone.

In: true boxes, each detector's boxes, the pages, and the training pages if available.
Out: tables by book, by score threshold and by IoU, the same on one HTML page, and a picture of each.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.evaluate.detection_metrics import detection_metrics
from kuzushiji.evaluate.detection_plots import plot_books, plot_iou, plot_scores
from kuzushiji.publish.web_tables import with_first, write_web_page

FIRST = ["detector", "book", "score", "iou", "f1", "precision", "recall", "average_precision"]

log_to(snakemake.log[0])
settings = snakemake.params.settings
tables = [read_table(path, "detections") for path in snakemake.input.detections]
found = detection_metrics(
    dict(zip(settings["detectors"], tables, strict=True)),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
    set(read_table(snakemake.input.training, "pages")["book"]) if snakemake.input.training else None,
    settings,
)
for name, table in found.items():
    table.round(4).to_csv(snakemake.output[name], index=False)
parts = {"by book": found["books"], "by score": found["scores"], "by IoU": found["iou"]}
parts = {name: with_first(table, FIRST) for name, table in parts.items()}
write_web_page(snakemake.output.page, f"The detectors alone on {snakemake.wildcards.page_set}", parts)
plot_books(found["books"], snakemake.output.books_plot)
plot_scores(found["scores"], snakemake.output.scores_plot)
plot_iou(found["iou"], snakemake.output.iou_plot)
