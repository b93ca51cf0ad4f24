# The training books that pages resemble most: `snakemake results/book_classifier/test.csv` shows which books to choose
# for validation, the nearest to the pages to read. Nothing else depends on these rules.
include: "book_classifier.inputs.smk"


rule book_crops:
    """Shrink a chunk's pages to square crops for the book classifier."""
    input:
        denoised=folder("results/denoised/{image_set}/{chunk}"),
    output:
        "results/book_classifier/crops/{image_set}/{chunk}.arrow",
    log:
        "results/logs/book_crops/{image_set}/{chunk}.log",
    benchmark:
        "results/benchmarks/book_crops/{image_set}/{chunk}.tsv"
    threads: 4
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=code("book_crops"),
        settings=lambda wildcards: dict(
            size=config["book_classifier"]["size"],
            pages=[
                [page.image_id, page.book, f"results/denoised/{page.image_set}/{page.chunk}/{page.image_id}.png"]
                for page in pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)]
            ],
        ),
    script:
        "../scripts/book_crops.py"


rule book_folds:
    """Split the pages of each training book into training and validation."""
    input:
        pages=f"results/pages/{TRAINING}.parquet",
    output:
        training="results/book_classifier/folds/training.parquet",
        validation="results/book_classifier/folds/validation.parquet",
    log:
        "results/logs/book_folds.log",
    benchmark:
        "results/benchmarks/book_folds.tsv"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(10),
    params:
        code=code("book_folds"),
        settings={key: config["book_classifier"][key] for key in ("holdout", "seed")},
    script:
        "../scripts/book_folds.py"


# With `--set-resources book_classifier:gpu=N`, N processes share each batch.
rule book_classifier:
    """Train a classifier of the training books by whole pages."""
    input:
        folds=[rules.book_folds.output.training, rules.book_folds.output.validation],
        crops=lambda wildcards: list(
            dict.fromkeys(
                f"results/book_classifier/crops/{page.image_set}/{page.chunk}.arrow" for page in pages_of(TRAINING)
            )
        ),
        pretrained=classifier_weights(config["book_classifier"]["classifier"]),
    output:
        checkpoint="results/book_classifier/classifier.pth",
        history="results/book_classifier/classifier/history.csv",
        confusions="results/book_classifier/classifier/confusions.csv",
    log:
        "results/logs/book_classifier.log",
    benchmark:
        "results/benchmarks/book_classifier.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=resuming(16000),
        runtime=720,  # a retry resumes
    params:
        code=code("book_classifier"),
        settings=book_classifier_settings,
    script:
        "../scripts/book_classifier.py"


rule nearest_books:
    """Find the training books that the pages of a page set resemble most."""
    input:
        checkpoint=rules.book_classifier.output.checkpoint,
        pages="results/pages/{page_set}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(wildcards.page_set)),
    output:
        pages="results/book_classifier/{page_set}.csv",
        books="results/book_classifier/{page_set}/books.csv",
    log:
        "results/logs/nearest_books/{page_set}.log",
    benchmark:
        "results/benchmarks/nearest_books/{page_set}.tsv"
    threads: 4
    resources:
        gpu=1,
        mem_mb=scaled(16000),
        runtime=scaled(120),
    params:
        code=code("nearest_books"),
        settings=lambda wildcards: dict(
            config["book_classifier"]["reading"], pages=denoised_pages(pages_of(wildcards.page_set))
        ),
    script:
        "../scripts/nearest_books.py"


# A rule of its own, so that another look of the page reads no page anew.
rule nearest_books_page:
    """Show the nearest books, and how the books were learnt, as a page of the report."""
    input:
        nearest_books=rules.nearest_books.output.books,
        by_page=rules.nearest_books.output.pages,
        epochs_of_the_book_classifier=rules.book_classifier.output.history,
    output:
        report(
            "results/book_classifier/{page_set}/tables.html",
            caption="../report/nearest_books.rst",
            category="1 Data",
            labels={"page set": "{page_set}", "content": "nearest books"},
        ),
    log:
        "results/logs/nearest_books_page/{page_set}.log",
    benchmark:
        "results/benchmarks/nearest_books_page/{page_set}.tsv"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        code=code("table_page"),
        settings=lambda wildcards: dict(title=f"The training books nearest to {wildcards.page_set}"),
    script:
        "../scripts/table_page.py"
