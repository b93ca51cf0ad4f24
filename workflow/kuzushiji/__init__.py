"""Reading pages of old Japanese books: the library behind the workflow. It knows nothing of Snakemake."""
