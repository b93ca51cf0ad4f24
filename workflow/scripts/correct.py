"""Puts people's corrections in place of what was read.

In: recognized boxes, corrections. Out: recognized boxes, and a table of what was corrected.
"""

import logging

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.pages.corrections import read_corrections
from kuzushiji.text.correct import correct

log_to(snakemake.log[0])
recognized = read_table(snakemake.input.recognized, "recognized")
pages = read_table(snakemake.input.pages, "pages")
found = {}
for path in snakemake.input.corrections:
    found |= read_corrections(path, list(pages["image_id"]) if path == snakemake.params.settings["own"] else None)
table, report = correct(recognized, {page: found[page] for page in pages["image_id"] if page in found}, pages)
logging.info("\n%s", report.to_string(index=False))
write_table(table, snakemake.output.boxes, "recognized")
report.to_csv(snakemake.output.report, index=False)
