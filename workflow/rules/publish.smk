# What people look at: the pages with what was read, and the text.
rule overlays:
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        images=lambda wildcards: original_images(wildcards.page_set),
        fonts=fonts,
    output:
        report(
            directory("results/{round}/overlays/{page_set}"),
            patterns=["{image_id}.jpg"],
            caption="../report/overlays.rst",
            category="Pages",
            subcategory="{page_set}",
        ),
    log:
        "results/logs/overlays/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/overlays/{round}/{page_set}.tsv"
    threads: 4
    resources:
        mem_mb=grown(8000),
        runtime=grown(120),
    params:
        code=code("overlays"),
    script:
        "../scripts/overlays.py"


rule text:
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        directory("results/{round}/text/{page_set}"),
    log:
        "results/logs/text/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/text/{round}/{page_set}.tsv"
    resources:
        mem_mb=grown(4000),
        runtime=grown(30),
    params:
        code=code("text"),
    script:
        "../scripts/text.py"


# What the report shows; `snakemake --report results/report.html` then writes it.
rule report:
    input:
        rules.evaluate.input,
        expand(
            "results/{round}/{kind}/{page_set}", round=ROUND, kind=["overlays", "text"], page_set=config["recognize"]
        ),
        [] if ROUND == "published" else rules.detector_losses.output,
        []
        if ROUND == "published"
        else expand(
            "results/{round}/classifiers/{picture}",
            round=ROUND,
            picture=["history.svg", "confusions.svg", *[f"{name}/augmented.png" for name in CLASSIFIERS]],
        ),
