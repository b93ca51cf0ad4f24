"""Makes what the report's first page shows of a run.

In: pages of the page sets, scores of the labelled ones, error rates of texts that are known; the boxes, true boxes and
images of the page set that is pictured, fonts. Out: a part of an HTML page.
"""

import json
from pathlib import Path

import pandas as pd

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.publish.front_page import example, front_table, write_front_page

log_to(snakemake.log[0])
settings = snakemake.params.settings
pages = {name: read_table(path, "pages") for name, path in zip(settings["pages"], snakemake.input.pages, strict=True)}
table = front_table(
    {name: len(found) for name, found in pages.items()},
    {
        name: json.loads(Path(path).read_text())
        for name, path in zip(settings["scored"], snakemake.input.metrics, strict=True)
    },
    {name: pd.read_csv(path) for name, path in zip(settings["texts"], snakemake.input.texts, strict=True)},
)
picture = example(
    read_table(snakemake.input.recognized, "recognized"),
    read_table(snakemake.input.truth, "truth") if snakemake.input.truth else None,
    pages[settings["pictured"]],
    [Path(path) for path in snakemake.input.fonts],
)
write_front_page(table, picture, snakemake.output[0])
