# Pseudo labels: confident predictions of the first round on pages without labels also train the later rounds.
rule pseudo_labels:
    """Make labels from confident predictions of the first round."""
    input:
        recognized="results/first/recognized/{page_set}.parquet",
    output:
        "results/pseudo/labels/{page_set}.parquet",
    log:
        "results/logs/pseudo_labels/{page_set}.log",
    benchmark:
        "results/benchmarks/pseudo_labels/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("pseudo_labels"),
        settings=dict(probability=config["pseudo"]["probability"]),
    script:
        "../scripts/pseudo_labels.py"


rule pseudo_crops:
    """Cut the characters with pseudo labels from a chunk's pages."""
    input:
        labels="results/pseudo/labels/{page_set}.parquet",
        denoised=denoised_chunk,
    output:
        "results/pseudo/crops/{page_set}/{chunk}.arrow",
    log:
        "results/logs/pseudo_crops/{page_set}/{chunk}.log",
    benchmark:
        "results/benchmarks/pseudo_crops/{page_set}/{chunk}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=code("pseudo_crops"),
        settings=lambda wildcards: dict(padding=config["pseudo"]["padding"], pages=denoised_chunk_pages(wildcards)),
    script:
        "../scripts/pseudo_crops.py"
