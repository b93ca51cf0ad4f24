# Fusion of the classifiers' predictions.
rule fuse:
    """Fuse the predictions of all classifiers for one detector's boxes."""
    input:
        predictions=tables_of("predictions"),
    output:
        "results/{round}/fused/{page_set}/{detector}.parquet",
    log:
        "results/logs/fuse/{round}/{page_set}/{detector}.log",
    benchmark:
        "results/benchmarks/fuse/{round}/{page_set}/{detector}.tsv"
    resources:
        mem_mb=scaled(8000, 0.5),
        runtime=scaled(30),
    params:
        code=code("fuse"),
        settings=lambda wildcards: dict(
            method=config["fuse"]["method"][wildcards.round], classifiers=classifiers_of(wildcards.round)
        ),
    script:
        "../scripts/fuse.py"
