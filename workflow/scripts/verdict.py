"""Puts the scores of a page set in one table for readers.

In: scores of detection, of characters, and of the text where it is known, by book. Out: a table in Markdown.
"""

from pathlib import Path

import pandas as pd

from kuzushiji.common.logs import log_to
from kuzushiji.evaluate.verdict import verdict

log_to(snakemake.log[0])
detections, scores, *texts = (
    pd.read_csv(path, dtype={"book": str, "detector": str})
    for path in [snakemake.input.detections, snakemake.input.scores, *snakemake.input.texts]
)
table = verdict(detections, scores, *texts)
Path(snakemake.output[0]).write_text(table.to_markdown(index=False, floatfmt=".2f") + "\n", encoding="utf-8")
