"""Makes labels from confident predictions of the first round.

In: the first round's result on a page set. Out: a table of labels.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.crops.pseudo_labels import pseudo_labels

log_to(snakemake.log[0])
recognized = read_table(snakemake.input.recognized, "recognized")
write_table(pseudo_labels(recognized, snakemake.params.settings["probability"]), snakemake.output[0], "truth")
