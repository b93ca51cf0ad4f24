# Inputs and settings of evaluate.smk.


def training_tables(kind):
    """An input function: the tables of the training pages; for imported networks only if these pages are here."""

    def tables(wildcards):
        if wildcards.round in TRAINED_ROUNDS:
            return f"results/{kind}/{TRAINING}.parquet"
        try:
            sources = page_sets.sources(PAGE_SETS, TRAINING)
        except InputError:  # left out of the configuration
            return []
        files = [
            PAGE_SETS[source][key] for source in sources for key in ("images", "labels") if key in PAGE_SETS[source]
        ]
        there = all(map(os.path.exists, files))
        return f"results/{kind}/{TRAINING}.parquet" if there else []

    return tables


def drawn_sources(page_set):
    return [source for source in page_sets.sources(PAGE_SETS, page_set) if "synthetic" in PAGE_SETS[source]]


def transcriptions(wildcards):
    files = [PAGE_SETS[source].get("transcriptions") for source in page_sets.sources(PAGE_SETS, wildcards.page_set)]
    if not any(files) and not drawn_sources(wildcards.page_set):
        raise InputError(f"config.yaml: page_sets: {wildcards.page_set} needs `transcriptions` to measure its text by")
    return [file for file in files if file]


def known_text_metrics(wildcards):
    """The error rates of the text, if the text of the page set is known."""
    known = page_sets.transcribed(PAGE_SETS, wildcards.page_set)
    return ["results/{round}/text_metrics/{page_set}.csv"] if known else []
