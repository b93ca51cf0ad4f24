"""Aligns the known text of pages with the boxes found on them.

In: merged boxes, the predictions of all classifiers for all detectors' boxes, pages, given boxes and transcriptions if
there are any. Out: a table of the characters' boxes with their trust, labels to train with, what did not fit (CSV).
"""

from collections import defaultdict
from itertools import product

from kuzushiji.align.align import align_known
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_arrow, read_table, write_table
from kuzushiji.text.transcriptions import read_transcriptions

log_to(snakemake.log[0])
settings = snakemake.params.settings
predictions = defaultdict(list)
for (detector, _), path in zip(
    product(settings["detectors"], settings["classifiers"]), snakemake.input.predictions, strict=True
):
    predictions[detector].append(read_arrow(path, "top_k"))
given = snakemake.input.get("given") or None
aligned, labels, unmatched = align_known(
    read_table(snakemake.input.merged, "merged"),
    predictions,
    read_table(snakemake.input.pages, "pages"),
    read_table(given, "truth") if given else None,
    {image_id: text for path in snakemake.input.transcriptions for image_id, text in read_transcriptions(path).items()},
    settings,
)
write_table(aligned, snakemake.output.aligned, "aligned")
labels.to_csv(snakemake.output.labels, index=False)
unmatched.to_csv(snakemake.output.unmatched, index=False)
