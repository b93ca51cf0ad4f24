"""Lists the candidates for each recognized box.

In: recognized boxes, the predictions of all classifiers for all detectors' boxes.
Out: codepoints and probabilities, a row per box.
"""

from collections import defaultdict
from itertools import product

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_arrow, read_table, write_table
from kuzushiji.text.alternatives import find_alternatives

log_to(snakemake.log[0])
settings = snakemake.params.settings
predictions = defaultdict(list)
for (detector, _), path in zip(
    product(settings["detectors"], settings["classifiers"]), snakemake.input.predictions, strict=True
):
    predictions[detector].append(read_arrow(path, "top_k"))
alternatives = find_alternatives(read_table(snakemake.input.recognized, "recognized"), predictions, settings["top_k"])
write_table(alternatives, snakemake.output[0], "alternatives")
