"""Puts people's corrections in place of what was read.

In: recognized boxes, corrections. Out: recognized boxes, and a table of what was corrected.
"""

import logging

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.pages.corrections import read_all_corrections
from kuzushiji.text.correct import correct

log_to(snakemake.log[0])
recognized = read_table(snakemake.input.recognized, "recognized")
pages = read_table(snakemake.input.pages, "pages")
found = read_all_corrections(snakemake.input.corrections, snakemake.params.settings["own"], pages["image_id"].tolist())
table, report = correct(recognized, found, pages)
logging.info("\n%s", report.to_string(index=False))
write_table(table, snakemake.output.boxes, "recognized")
report.to_csv(snakemake.output.report, index=False)
