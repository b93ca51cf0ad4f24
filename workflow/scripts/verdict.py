"""Puts the scores of a page set in one table for readers.

In: scores of detection, of characters, and of the text where it is known, by book. Out: a table in Markdown.
"""

from pathlib import Path

import pandas as pd

from kuzushiji.common.logs import log_to
from kuzushiji.evaluate.verdict import verdict

log_to(snakemake.log[0])
detections, scores, *texts = (
    # A book may be called NA.
    pd.read_csv(path, dtype={"book": str, "detector": str}, keep_default_na=False, na_values=[""])
    for path in [snakemake.input.detections, snakemake.input.scores, *snakemake.input.texts]
)
table = verdict(detections, scores, *texts)
table["book"] = table["book"].str.replace("|", r"\|")
Path(snakemake.output[0]).write_text(table.to_markdown(index=False, floatfmt=".2f") + "\n", encoding="utf-8")
