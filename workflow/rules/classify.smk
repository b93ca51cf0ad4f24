# The predictions of each classifier for each detector's boxes.
include: "classify.inputs.smk"


rule classify:
    """Classify a detector's boxes with one classifier, those of own scans with all."""
    input:
        checkpoints=with_classifiers("results/{round}/classifiers/{classifier}.pth"),
        detections=branch(
            lambda wildcards: wildcards.page_set in GIVEN and wildcards.detector in detectors_of("published"),
            then="results/detections/{page_set}/{detector}.parquet",  # imported boxes cover a whole page set
            otherwise="results/detections/{page_set}/{detector}/{chunk}.parquet",
        ),
        denoised=denoised_chunk,
        priors=configured(config["classify"]["priors"]["table"]) if config["classify"]["priors"] else [],
    output:
        with_classifiers(PREDICTIONS),
    log:
        f"results/logs/{CLASSIFY_JOB}.log",
    benchmark:
        f"results/benchmarks/{CLASSIFY_JOB}.tsv"
    threads: 4
    resources:
        gpu=1,
        mem_mb=scaled(16000),
        runtime=scaled(120 * len(with_classifiers(PREDICTIONS))),
    params:
        code=code("classify"),
        settings=lambda wildcards: dict(config["classify"], pages=denoised_chunk_pages(wildcards)),
    script:
        "../scripts/classify.py"


rule gather_predictions:
    """Join the chunks of a classifier's predictions."""
    input:
        chunks=access.sequential(gather(PREDICTIONS)),
    output:
        "results/{round}/predictions/{page_set}/{detector}/{classifier}.parquet",
    log:
        "results/logs/gather_predictions/{round}/{page_set}/{detector}/{classifier}.log",
    benchmark:
        "results/benchmarks/gather_predictions/{round}/{page_set}/{detector}/{classifier}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("gather"),
        settings=dict(kind="top_k"),
    script:
        "../scripts/gather.py"
