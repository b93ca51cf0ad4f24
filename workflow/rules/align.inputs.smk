# Inputs of align.smk.


def given_boxes(wildcards):
    """The labels of a page set, unless they are what is aligned here; of drawn pages they are the text."""
    sources = page_sets.sources(PAGE_SETS, wildcards.page_set)
    aligned = any(made_here(PAGE_SETS[source].get("labels", "")) for source in sources)
    return [] if aligned else "results/truth/{page_set}.parquet"
