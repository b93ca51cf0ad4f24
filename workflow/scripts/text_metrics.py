"""Measures the text against transcriptions.

In: recognized and true boxes, pages, transcriptions if there are any. Out: error rates by book and by page,
and on one HTML page.
"""

import pandas as pd

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.evaluate.text_metrics import error_rates, measure_text
from kuzushiji.publish.web_tables import with_first, write_web_page
from kuzushiji.text.transcriptions import read_transcriptions

FIRST = ["book", "image_id", "source", "error_rate"]

log_to(snakemake.log[0])
errors = measure_text(
    read_table(snakemake.input.recognized, "recognized"),
    read_table(snakemake.input.truth, "truth"),
    read_table(snakemake.input.pages, "pages"),
    {image_id: text for path in snakemake.input.transcriptions for image_id, text in read_transcriptions(path).items()},
    snakemake.params.settings["drawn"],
)
books = pd.concat([errors, errors.assign(book="(all)")])
by_book, by_page = error_rates(books, ["book", "source"]), error_rates(errors, ["image_id", "source"])
by_book.round(4).to_csv(snakemake.output.books, index=False)
by_page.round(4).to_csv(snakemake.output.pages, index=False)
worst = by_page.sort_values("error_rate", ascending=False, kind="stable")
parts = {"by book": by_book, "by page, the worst first": worst}
parts = {name: with_first(table, FIRST) for name, table in parts.items()}
write_web_page(snakemake.output.page, f"Wrong characters in the text of {snakemake.wildcards.page_set}", parts)
