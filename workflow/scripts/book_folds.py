"""Splits the training pages of each book at random.

In: a table of pages. Out: index tables of the training and the validation pages.
"""

from kuzushiji.book_classifier.book_folds import book_folds
from kuzushiji.common.logs import log_to
from kuzushiji.common.tables import read_table, write_table

log_to(snakemake.log[0])
training, validation = book_folds(read_table(snakemake.input.pages, "pages"), **snakemake.params.settings)
write_table(training, snakemake.output.training, "folds")
write_table(validation, snakemake.output.validation, "folds")
