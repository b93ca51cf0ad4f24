# Training crops of labelled boxes, and their split into training and validation by a held-out book.
rule crops:
    """Cut the labelled characters from a chunk's pages."""
    input:
        truth="results/truth/{image_set}.parquet",
        denoised=folder("results/denoised/{image_set}/{chunk}"),
    output:
        "results/crops/{image_set}/{chunk}.arrow",
    log:
        "results/logs/crops/{image_set}/{chunk}.log",
    benchmark:
        "results/benchmarks/crops/{image_set}/{chunk}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=code("crops"),
        settings=lambda wildcards: dict(
            config["crops"], pages=denoised_pages(pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)])
        ),
    script:
        "../scripts/crops.py"


rule folds:
    """Split the crops into training and validation by a held-out book."""
    input:
        pages=f"results/pages/{TRAINING}.parquet",
        truth=f"results/truth/{TRAINING}.parquet",
    output:
        training="results/folds/{validation_book}/training.parquet",
        validation="results/folds/{validation_book}/validation.parquet",
    log:
        "results/logs/folds/{validation_book}.log",
    benchmark:
        "results/benchmarks/folds/{validation_book}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(20),
    params:
        code=code("folds"),
        settings={key: value for key, value in config["folds"].items() if key != "max_training"},
    script:
        "../scripts/folds.py"
