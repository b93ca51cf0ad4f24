"""Shows tables as a page, for the report, which shows HTML but only links CSV.

In: tables by name. Out: an HTML page.
"""

import pandas as pd

from kuzushiji.common.logs import log_to
from kuzushiji.publish.web_tables import write_web_page

NAMES = ("image_id", "book", "nearest")  # how columns of names begin, which may be digits and yet no numbers

log_to(snakemake.log[0])
parts = {}
for name, path in snakemake.input.items():
    names = [column for column in pd.read_csv(path, nrows=0).columns if column.startswith(NAMES)]
    # A book may be called NA.
    table = pd.read_csv(path, dtype=dict.fromkeys(names, str), keep_default_na=False, na_values=[""])
    parts[name.replace("_", " ")] = table
write_web_page(snakemake.output[0], snakemake.params.settings["title"], parts)
