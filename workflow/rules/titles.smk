# Which training book a page looks like: `snakemake results/titles/test.csv` says which books to choose for validation, those
# nearest to the pages to be read. Nothing else depends on these.
rule title_crops:
    input:
        denoised=folder("results/denoised/{image_set}/{chunk}"),
    output:
        "results/titles/crops/{image_set}/{chunk}.arrow",
    log:
        "results/logs/title_crops/{image_set}/{chunk}.log",
    benchmark:
        "results/benchmarks/title_crops/{image_set}/{chunk}.tsv"
    threads: 4
    resources:
        mem_mb=grown(4000),
        runtime=grown(60),
    params:
        code=code("title_crops"),
        settings=lambda wildcards: dict(size=config["titles"]["size"], pages=title_pages(wildcards)),
    script:
        "../scripts/title_crops.py"


rule title_folds:
    input:
        pages=f"results/pages/{TRAINING}.parquet",
    output:
        training="results/titles/folds/training.parquet",
        validation="results/titles/folds/validation.parquet",
    log:
        "results/logs/title_folds.log",
    benchmark:
        "results/benchmarks/title_folds.tsv"
    resources:
        mem_mb=grown(2000),
        runtime=grown(10),
    params:
        code=code("title_folds"),
        settings={key: config["titles"][key] for key in ("holdout", "seed")},
    script:
        "../scripts/title_folds.py"


# With `--set-resources title_classifier:gpu=N` N processes share each batch.
rule title_classifier:
    input:
        folds=[rules.title_folds.output.training, rules.title_folds.output.validation],
        crops=title_training_crops,
        pretrained=classifier_weights(config["titles"]["classifier"]),
    output:
        checkpoint="results/titles/classifier.pth",
        history=report(
            "results/titles/classifier/history.csv",
            caption="../report/title_classifier.rst",
            category="1 Data",
            labels={"page set": TRAINING, "content": "telling books apart, epochs (CSV)"},
        ),
        confusions="results/titles/classifier/confusions.csv",
    log:
        "results/logs/title_classifier.log",
    benchmark:
        "results/benchmarks/title_classifier.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=grown(16000),
        runtime=720,  # a retry goes on where this one ended
    params:
        code=code("title_classifier"),
        settings=dict(config["classification"], **config["titles"]["classifier"], state="results/titles/state"),
    script:
        "../scripts/title_classifier.py"


rule titles:
    input:
        checkpoint=rules.title_classifier.output.checkpoint,
        pages="results/pages/{page_set}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(wildcards.page_set)),
    output:
        pages=report(
            "results/titles/{page_set}.csv",
            caption="../report/titles.rst",
            category="1 Data",
            labels={"page set": "{page_set}", "content": "nearest books, by page (CSV)"},
        ),
        books=report(
            "results/titles/{page_set}/books.csv",
            caption="../report/titles.rst",
            category="1 Data",
            labels={"page set": "{page_set}", "content": "nearest books (CSV)"},
        ),
    log:
        "results/logs/titles/{page_set}.log",
    benchmark:
        "results/benchmarks/titles/{page_set}.tsv"
    threads: 4
    resources:
        gpu=1,
        mem_mb=grown(16000),
        runtime=grown(120),
    params:
        code=code("titles"),
        settings=lambda wildcards: dict(config["titles"]["reading"], pages=denoised_pages(pages_of(wildcards.page_set))),
    script:
        "../scripts/titles.py"
