"""Lists the scans that cannot be read.

In: nothing; what planning found. Out: a table.
"""

from kuzushiji.common.files import replacing
from kuzushiji.common.logs import log_to
from kuzushiji.pages.unreadable import unreadable_table

log_to(snakemake.log[0])
table = unreadable_table(dict(snakemake.params.settings["unreadable"]))
with replacing(snakemake.output[0]) as partial:
    table.to_csv(partial, index=False, encoding="utf-8-sig")
