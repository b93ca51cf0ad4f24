# What people look at: the pages with what was read.
rule overlays:
    """Draw what was read on the pages."""
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
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
    """Make a web page to read, search and correct in: one file, opened from disk."""
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        images=lambda wildcards: original_images(wildcards.page_set),
        fonts=fonts,
        template=sorted(map(str, Path(from_root("workflow/viewer")).iterdir())),
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
        settings=dict(config["viewer"]),
    script:
        "../scripts/viewer.py"
