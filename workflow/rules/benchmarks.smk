# What the detection modes cost, and what they find: `snakemake benchmarks`. Nothing else depends on it.
rule detection_modes:
    """Score and time the detection modes on some pages."""
    input:
        checkpoint=lambda wildcards: f"results/detector/{detectors_of(wildcards.round)[-1]}.pth",
        pages="results/pages/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(wildcards.page_set)),
    output:
        report(
            "results/{round}/detection_modes/{page_set}.csv",
            caption="../report/detection_modes.rst",
            category="8 Benchmarks",
            labels={"page set": "{page_set}", "round": "{round}", "content": "detection modes (CSV)"},
        ),
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


rule benchmarks:
    """The detection modes, measured on all page sets that are scored."""
    input:
        expand(
            "results/{round}/detection_modes/{page_set}.csv",
            page_set=SCORED,
            round=ROUND,
        ),
