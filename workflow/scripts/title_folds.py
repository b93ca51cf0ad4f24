"""Divides the training pages at random, book by book.

In: a table of pages. Out: index tables of the pages that train and of those that validate.
"""

from kuzushiji.logs import log_to
from kuzushiji.tables import read_table, write_table
from kuzushiji.title_folds import title_folds

log_to(snakemake.log[0])
training, validation = title_folds(read_table(snakemake.input.pages, "pages"), **snakemake.params.settings)
write_table(training, snakemake.output.training, "folds")
write_table(validation, snakemake.output.validation, "folds")
