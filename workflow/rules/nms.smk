# One set of boxes from the detectors'.
rule nms:
    input:
        code=code("nms"),
        fused=of_detectors("results/{round}/fused/{page_set}/{detector}.parquet"),
    output:
        "results/{round}/merged/{page_set}.parquet",
    log:
        "results/logs/nms/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/nms/{round}/{page_set}.tsv"
    resources:
        mem_mb=8000,
        runtime=30,
    params:
        settings=lambda wildcards: dict(config["nms"], detectors=detectors_of(wildcards.round)),
    script:
        "../scripts/nms.py"
