"""Writes the competition's submission file.

In: recognized boxes, pages, the competition's sample if configured. Out: a CSV file with a row per page.
"""

from kuzushiji.common.files import replacing
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.publish.submission import read_submission, submission

log_to(snakemake.log[0])
most = snakemake.params.settings["max_predictions"]
recognized = read_table(snakemake.input.recognized, "recognized")
image_ids = read_table(snakemake.input.pages, "pages")["image_id"].tolist()
sample_ids = [list(read_submission(path, most)) for path in snakemake.input.sample]
table = submission(recognized, image_ids, most, *sample_ids)
with replacing(snakemake.output[0]) as partial:
    table.to_csv(partial, index=False)
    read_submission(partial, most)
