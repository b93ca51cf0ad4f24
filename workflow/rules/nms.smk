# One set of boxes from the detectors'.
rule nms:
    input:
        fused=expand("results/{{round}}/fused/{{page_set}}/{detector}.parquet", detector=DETECTORS),
    output:
        "results/{round}/merged/{page_set}.parquet",
    log:
        "results/logs/nms/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/nms/{round}/{page_set}.tsv"
    resources:
        mem_mb=grown(8000),
        runtime=grown(30),
    params:
        code=code("nms"),
        settings=dict(config["nms"], detectors=DETECTORS),
    script:
        "../scripts/nms.py"
