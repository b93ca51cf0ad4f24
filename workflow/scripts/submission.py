"""Writes the competition's submission file.

In: recognized boxes, pages. Out: a CSV with a row a page.
"""

from kuzushiji.logs import log_to
from kuzushiji.submission import submission
from kuzushiji.tables import read_table

log_to(snakemake.log[0])
recognized = read_table(snakemake.input.recognized, "recognized")
image_ids = read_table(snakemake.input.pages, "pages")["image_id"].tolist()
submission(recognized, image_ids, **snakemake.params.settings).to_csv(snakemake.output[0], index=False)
