"""Splits the crops by a held-out book.

In: tables of pages and true boxes. Out: index tables of the training and the validation crops.
"""

from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table
from kuzushiji.crops.folds import fold

log_to(snakemake.log[0])
books = read_table(snakemake.input.pages, "pages")[["image_id", "book"]]
truth = read_table(snakemake.input.truth, "truth").merge(books, on="image_id")
training, validation = fold(truth, snakemake.wildcards.validation_book, snakemake.params.settings)
write_table(training, snakemake.output.training, "folds")
write_table(validation, snakemake.output.validation, "folds")
