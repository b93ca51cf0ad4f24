"""Shows tables as a page, for the report, which shows HTML but only links CSV.

In: tables by name. Out: an HTML page.
"""

import pandas as pd

from kuzushiji.common.logs import log_to
from kuzushiji.publish.web_tables import write_web_page

log_to(snakemake.log[0])
parts = {name.replace("_", " "): pd.read_csv(path) for name, path in snakemake.input.items()}
write_web_page(snakemake.output[0], snakemake.params.settings["title"], parts)
