"""Counts what the scanned pages show of every codepoint.

In: tables of true boxes, and a file of all codepoints by frequency. Out: a table for `classify.priors`.
"""

from pathlib import Path

from kuzushiji.classifier.priors import priors
from kuzushiji.common.codepoints import read_charset
from kuzushiji.common.files import replacing
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import concat_tables, read_table

log_to(snakemake.log[0])
truth = concat_tables([read_table(path, "truth") for path in snakemake.input.truth], "truth")
ranked = [f"U+{ord(character):04X}" for character in read_charset(Path(snakemake.input.charset))]
with replacing(snakemake.output[0]) as partial:
    priors(truth, ranked).to_csv(partial, index=False, float_format="%.4g")
