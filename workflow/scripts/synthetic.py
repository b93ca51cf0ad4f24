"""Draws the pages of one `synthetic` page set.

In: fonts, corpus, the parents of kana and, if the page set names them, a charset and layouts.
Out: a folder of JPEG pages, their checksums, and their labels in the competition's layout.
"""

from pathlib import Path

from kuzushiji.common.files import write_checksums
from kuzushiji.common.logs import log_to
from kuzushiji.synthetic.synthetic import Sources, draw_pages

log_to(snakemake.log[0])
draw_pages(
    snakemake.params.settings,
    Sources(
        fonts=[Path(path) for path in snakemake.input.fonts],
        corpus=[Path(path) for path in snakemake.input.corpus],
        parents=Path(snakemake.input.parents),
        charset=Path(snakemake.input.charset) if snakemake.input.charset else None,
        layouts=Path(snakemake.input.layouts) if snakemake.input.layouts else None,
    ),
    images=Path(snakemake.output.images),
    labels=Path(snakemake.output.labels),
    processes=snakemake.threads,
)
write_checksums(snakemake.output.images, snakemake.output.checksums)
