"""Finds the training books that each page resembles most.

In: the book classifier, a table of pages, denoised pages.
Out: a table of the nearest books of every page, and a table that counts them.
"""

from pathlib import Path

from kuzushiji.book_classifier.nearest_books import count_nearest, nearest_books
from kuzushiji.common.compute import loaders
from kuzushiji.common.gpus import claim
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table

log_to(snakemake.log[0])
claim(int(snakemake.resources.gpu), snakemake.resources.get("device", "auto"))
settings = snakemake.params.settings
files = {image_id: Path(path) for image_id, path in settings["pages"]}
pages = read_table(snakemake.input.pages, "pages")
table = nearest_books(snakemake.input.checkpoint, pages, files, settings, loaders(snakemake.threads))
table.to_csv(snakemake.output.pages, index=False)
count_nearest(table).to_csv(snakemake.output.books, index=False)
