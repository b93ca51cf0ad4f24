# One reading a box from the classifiers'.
rule fuse:
    input:
        code=code("fuse"),
        predictions=expand(
            "results/{{round}}/predictions/{{page_set}}/{{detector}}/{classifier}.parquet", classifier=CLASSIFIERS
        ),
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
        settings=lambda wildcards: dict(method=config["fuse"]["method"][wildcards.round], classifiers=CLASSIFIERS),
    script:
        "../scripts/fuse.py"
