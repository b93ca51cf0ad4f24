# What the detection modes cost, and what they find: `snakemake benchmarks`. Nothing else depends on it.
rule detection_modes:
    """Score and time the detection modes on some pages."""
    input:
        checkpoint=lambda wildcards: f"results/detector/{detectors_of(wildcards.round)[-1]}.pth",
        pages="results/pages/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(wildcards.page_set)),
    output:
        "results/{round}/detection_modes/{page_set}.csv",
    log:
        "results/logs/detection_modes/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/detection_modes/{round}/{page_set}.tsv"
    threads: 4
    resources:
        gpu=1,
        mem_mb=scaled(16000),
        runtime=scaled(240),
    params:
        code=code("detection_modes"),
        settings=lambda wildcards: dict(
            DETECTION,
            model=model_of(detectors_of(wildcards.round)[-1]),
            **config["evaluate"],
            modes=config["detect"]["modes"],
            pages=config["benchmarks"]["pages"],
            files=denoised_pages(pages_of(wildcards.page_set)),
        ),
    script:
        "../scripts/detection_modes.py"


# A rule of its own, so that another look of the page measures nothing anew.
rule detection_modes_page:
    """Show the detection modes as a page of the report."""
    input:
        detection_modes="results/{round}/detection_modes/{page_set}.csv",
    output:
        report(
            "results/{round}/detection_modes/{page_set}.html",
            caption="../report/detection_modes.rst",
            category="8 Benchmarks",
            labels={"page set": "{page_set}", "round": "{round}", "content": "detection modes"},
        ),
    log:
        "results/logs/detection_modes_page/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/detection_modes_page/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        code=code("table_page"),
        settings=lambda wildcards: dict(title=f"The detection modes on {wildcards.page_set}"),
    script:
        "../scripts/table_page.py"


rule benchmarks:
    """The detection modes, measured on all page sets that are scored."""
    input:
        expand(
            "results/{round}/detection_modes/{page_set}.html",
            page_set=SCORED,
            round=ROUND,
        ),
