"""Says of every page how far its text can be believed.

In: recognized boxes, those that were kept in reading order, pages, those that were corrected. Out: a table of pages.
"""

from kuzushiji.common.files import replacing
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.text.confidence import page_confidence
from kuzushiji.text.transcripts import corrected_pages

log_to(snakemake.log[0])
table = page_confidence(
    read_table(snakemake.input.recognized, "recognized"),
    read_table(snakemake.input.ordered, "ordered"),
    read_table(snakemake.input.pages, "pages"),
    snakemake.params.settings,
    corrected_pages(snakemake.input.corrected),
)
with replacing(snakemake.output[0]) as partial:
    table.to_csv(partial, index=False)
