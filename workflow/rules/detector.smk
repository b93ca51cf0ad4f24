# One training run, whose snapshots are the detectors. With `--set-resources detector:gpu=N` N processes share its steps.
rule detector:
    input:
        pages=f"results/pages/{TRAINING}.parquet",
        truth=f"results/truth/{TRAINING}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(TRAINING)),
        pretrained=detector_weights,
    output:
        checkpoints=expand("results/detector/{detector}.pth", detector=TRAINED_DETECTORS),
        losses="results/detector/losses.csv",
        tensorboard=directory("results/detector/tensorboard"),
        config="results/detector/mmdet_config.py",
    log:
        "results/logs/detector.log",
    benchmark:
        "results/benchmarks/detector.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=scaled(32000),
        runtime=2880,  # a retry goes on where this one ended
    params:
        code=code("detector"),
        settings=lambda wildcards: dict(
            config["detector"], state="results/detector/state", pages=denoised_pages(pages_of(TRAINING))
        ),
    script:
        "../scripts/detector.py"


# Apart from the training, so that a change of the picture leaves the detectors alone.
rule detector_losses:
    input:
        losses="results/detector/losses.csv",
    output:
        report(
            "results/detector/losses.svg",
            caption="../report/detector.rst",
            category="2 Training",
            labels={"network": "detector", "content": "losses"},
        ),
    log:
        "results/logs/detector_losses.log",
    benchmark:
        "results/benchmarks/detector_losses.tsv"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(10),
    params:
        code=code("detector_losses"),
        settings=dict(snapshots=config["detector"]["training"]["snapshots"]),
    script:
        "../scripts/detector_losses.py"
