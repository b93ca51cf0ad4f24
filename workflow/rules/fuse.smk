# One reading a box from the classifiers'.
rule fuse:
    input:
        code=code("fuse"),
        predictions=predictions_of,
    output:
        "results/{round}/fused/{page_set}/{detector}.parquet",
    log:
        "results/logs/fuse/{round}/{page_set}/{detector}.log",
    benchmark:
        "results/benchmarks/fuse/{round}/{page_set}/{detector}.tsv"
    resources:
        mem_mb=8000,
        runtime=30,
    params:
        settings=lambda wildcards: dict(
            method=config["fuse"]["method"][wildcards.round], classifiers=classifiers_of(wildcards.round)
        ),
    script:
        "../scripts/fuse.py"
