# One reading a box from the classifiers'.
rule fuse:
    input:
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
        mem_mb=grown(8000),
        runtime=grown(30),
    params:
        code=code("fuse"),
        settings=lambda wildcards: dict(method=config["fuse"]["method"][wildcards.round], classifiers=CLASSIFIERS),
    script:
        "../scripts/fuse.py"
