"""Writes a web page to read, search and correct a page set.

In: recognized boxes, their reading order, their alternatives, pages, how far these can be
believed, their images, fonts, variants of kanji, the template's files; of labelled
pages true boxes, and characters that the labels seem to miss.
Out: a self-contained HTML file.
"""

from pathlib import Path

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table
from kuzushiji.evaluate.missing_labels import read_missing
from kuzushiji.publish.viewer import write_viewer
from kuzushiji.text.transcripts import corrected_pages, read_confidence
from kuzushiji.text.variants import read_kanji_variants

log_to(snakemake.log[0])
write_viewer(
    snakemake.wildcards.page_set,
    read_table(snakemake.input.recognized, "recognized"),
    read_table(snakemake.input.ordered, "ordered"),
    read_table(snakemake.input.alternatives, "alternatives"),
    read_table(snakemake.input.pages, "pages"),
    read_confidence(snakemake.input.confidence),
    [Path(path) for path in snakemake.input.fonts],
    Path(snakemake.input.template[0]).parent,
    snakemake.params.settings,
    Path(snakemake.output[0]),
    snakemake.threads,
    corrected_pages(snakemake.input.corrected),
    read_table(snakemake.input.truth, "truth") if snakemake.input.truth else None,
    read_missing(snakemake.input.missing) if snakemake.input.missing else None,
    read_kanji_variants(snakemake.input.variants),
)
