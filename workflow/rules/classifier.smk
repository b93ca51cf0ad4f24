rule classifier:
    input:
        code=code("classifier"),
        truth=f"results/truth/{TRAINING}.parquet",
        folds=fold_of,
        crops=lambda wildcards: list(
            dict.fromkeys(f"results/crops/{page.image_set}/{page.chunk}.arrow" for page in pages_of(TRAINING))
        ),
    output:
        "results/{round}/classifiers/{classifier}.pth",
    log:
        "results/logs/classifier/{round}/{classifier}.log",
    benchmark:
        "results/benchmarks/classifier/{round}/{classifier}.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=32000,
        runtime=4320,
    params:
        settings=classifier_settings,
    script:
        "../scripts/classifier.py"
