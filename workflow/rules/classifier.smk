def classifier_settings(wildcards):
    return dict(
        config["classification"],
        **config["classifiers"][wildcards.classifier],
        max_training=config["folds"]["max_training"],
        state=f"results/{wildcards.round}/state/classifier",
    )


def fold_of(wildcards):
    book = config["classifiers"][wildcards.classifier]["validation_book"]
    return [f"results/folds/{book}/training.parquet", f"results/folds/{book}/validation.parquet"]


rule classifier:
    input:
        code=code("classifier"),
        truth=f"results/truth/{TRAINING}.parquet",
        folds=fold_of,
        crops=lambda wildcards: list(dict.fromkeys(f"results/crops/{page.image_set}/{page.chunk}.arrow" for page in pages_of(TRAINING))),
    output:
        "results/{round}/classifiers/{classifier}.pth",
    params:
        settings=classifier_settings,
    log:
        "results/logs/classifier/{round}/{classifier}.log",
    benchmark:
        "results/benchmarks/classifier/{round}/{classifier}.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=32000,
        runtime=4320,
    script:
        "../scripts/classifier.py"
