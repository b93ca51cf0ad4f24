# Merging of the detectors' boxes.
rule nms:
    """Merge the boxes of all detectors."""
    input:
        fused=of_detectors("results/{round}/fused/{page_set}/{detector}.parquet"),
    output:
        "results/{round}/merged/{page_set}.parquet",
    log:
        "results/logs/nms/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/nms/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000, 0.5),
        runtime=scaled(30),
    params:
        code=code("nms"),
        settings=lambda wildcards: dict(config["nms"], detectors=detectors_of(wildcards.round)),
    script:
        "../scripts/nms.py"
