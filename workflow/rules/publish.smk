# Results for people: the pages with the recognized characters.
rule overlays:
    """Draw the recognized characters on the pages."""
    input:
        recognized=what_is_read,
        pages="results/pages/{page_set}.parquet",
        images=lambda wildcards: original_images(wildcards.page_set),
        fonts=fonts,
    output:
        directory("results/{round}/overlays/{page_set}"),
    log:
        "results/logs/overlays/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/overlays/{round}/{page_set}.tsv"
    threads: 4
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(30, 0.05),
    params:
        code=code("overlays"),
    script:
        "../scripts/overlays.py"


rule viewer:
    """Write a web page to read, search and correct a page set: one file, opened from disk."""
    input:
        recognized=what_is_read,
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        confidence="results/{round}/confidence/{page_set}.csv",
        pages="results/pages/{page_set}.parquet",
        corrected=what_is_corrected,
        truth=branch(is_labelled, then="results/truth/{page_set}.parquet"),
        missing=branch(is_labelled, then="results/{round}/missing_labels/{page_set}.csv"),
        images=lambda wildcards: original_images(wildcards.page_set),
        fonts=fonts,
        variants=from_root("resources/variants/kanji.csv"),
        template=sorted(str(path) for path in Path(from_root("workflow/viewer")).iterdir() if path.suffix != ".md"),
    output:
        "results/{round}/viewer/{page_set}.html",
    log:
        "results/logs/viewer/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/viewer/{round}/{page_set}.tsv"
    threads: 4
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(30, 0.05),
    params:
        code=code("viewer"),
        settings=lambda wildcards: dict(
            config["viewer"],
            unreadable=left_out(wildcards.page_set),
            places=places_of(wildcards.page_set),
        ),
    script:
        "../scripts/viewer.py"
