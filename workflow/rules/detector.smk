# One training run, whose snapshots are the detectors.
rule detector:
    input:
        code=code("detector"),
        pages=f"results/pages/{TRAINING}.parquet",
        truth=f"results/truth/{TRAINING}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(TRAINING)),
    output:
        expand("results/detector/{detector}.pth", detector=DETECTORS),
    log:
        "results/logs/detector.log",
    benchmark:
        "results/benchmarks/detector.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=32000,
        runtime=2880,
    params:
        settings=lambda wildcards: dict(
            config["detector"], state="results/detector/state", pages=denoised_pages(pages_of(TRAINING))
        ),
    script:
        "../scripts/detector.py"
