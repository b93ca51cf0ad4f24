# One training run, whose snapshots are the detectors. With `--set-resources detector:gpu=N` N processes share its steps.
rule detector:
    input:
        code=code("detector"),
        pages=f"results/pages/{TRAINING}.parquet",
        truth=f"results/truth/{TRAINING}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(TRAINING)),
    output:
        checkpoints=expand("results/detector/{detector}.pth", detector=DETECTORS),
        losses="results/detector/losses.csv",
        plot=report(
            "results/detector/losses.svg",
            caption="../report/detector.rst",
            category="Training",
            labels={"network": "detector", "content": "losses"},
        ),
        tensorboard=directory("results/detector/tensorboard"),
        config="results/detector/mmdet_config.py",
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
