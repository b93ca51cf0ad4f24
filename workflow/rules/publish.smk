# What people look at: the pages with what was read.
rule overlays:
    input:
        code=code("overlays"),
        recognized="results/{round}/recognized/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        images=original_images,
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
        mem_mb=8000,
        runtime=120,
    script:
        "../scripts/overlays.py"


# What the report shows; `snakemake --report results/report.html` then writes it.
rule report:
    input:
        rules.evaluate.input,
        rules.detector_losses.output,
        expand(
            "results/{round}/{kind}/{page_set}",
            round=ROUND,
            kind=["overlays", "text", "page_xml", "alto", "annotations"],
            page_set=config["recognize"],
        ),
        expand("results/{round}/text/{page_set}.jsonl", round=ROUND, page_set=config["recognize"]),
        expand(
            "results/{round}/classifiers/{picture}",
            round=ROUND,
            picture=["history.svg", "confusions.svg", *[f"{name}/augmented.png" for name in CLASSIFIERS]],
        ),
