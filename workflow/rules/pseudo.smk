# Characters that the first round reads with certainty on pages without labels train the later rounds too.
rule pseudo_labels:
    input:
        code=code("pseudo_labels"),
        recognized="results/first/recognized/{page_set}.parquet",
    output:
        "results/pseudo/labels/{page_set}.parquet",
    log:
        "results/logs/pseudo_labels/{page_set}.log",
    benchmark:
        "results/benchmarks/pseudo_labels/{page_set}.tsv"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        settings=dict(probability=config["pseudo"]["probability"]),
    script:
        "../scripts/pseudo_labels.py"


rule pseudo_crops:
    input:
        code=code("pseudo_crops"),
        labels="results/pseudo/labels/{page_set}.parquet",
        denoised=denoised_chunk,
    output:
        "results/pseudo/crops/{page_set}/{chunk}.arrow",
    log:
        "results/logs/pseudo_crops/{page_set}/{chunk}.log",
    benchmark:
        "results/benchmarks/pseudo_crops/{page_set}/{chunk}.tsv"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        settings=lambda wildcards: dict(padding=config["pseudo"]["padding"], pages=denoised_chunk_pages(wildcards)),
    script:
        "../scripts/pseudo_crops.py"
