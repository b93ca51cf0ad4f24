# Every page and label is checked once, before hours of work start. Apart, so that corrected labels leave alone what is
# made of the images.
rule pages:
    input:
        images=page_images,
    output:
        "results/pages/{image_set}.parquet",
    log:
        "results/logs/pages/{image_set}.log",
    benchmark:
        "results/benchmarks/pages/{image_set}.tsv"
    priority: 100  # all page sets are checked before anything else runs
    threads: 8
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        code=code("pages"),
        settings=lambda wildcards: dict(config["pages"], pages=[list(page) for page in pages_of(wildcards.image_set)]),
    script:
        "../scripts/pages.py"


rule truth:
    input:
        pages="results/pages/{image_set}.parquet",
        labels=page_labels,
    output:
        "results/truth/{image_set}.parquet",
    log:
        "results/logs/truth/{image_set}.log",
    benchmark:
        "results/benchmarks/truth/{image_set}.tsv"
    priority: 100
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("truth"),
    script:
        "../scripts/truth.py"


rule subset:
    input:
        tables=lambda wildcards: expand(
            "results/pages/{source}.parquet", source=page_sets.sources(PAGE_SETS, wildcards.page_set)
        ),
    output:
        "results/pages/{page_set}.parquet",
    log:
        "results/logs/subset/{page_set}.log",
    benchmark:
        "results/benchmarks/subset/{page_set}.tsv"
    wildcard_constraints:
        page_set=one_of(SUBSETS),
    priority: 100
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("subset"),
        settings=lambda wildcards: dict(kind="pages", pages=[page.image_id for page in pages_of(wildcards.page_set)]),
    script:
        "../scripts/subset.py"


rule subset_truth:
    input:
        tables=lambda wildcards: expand(
            "results/truth/{source}.parquet", source=page_sets.sources(PAGE_SETS, wildcards.page_set)
        ),
    output:
        "results/truth/{page_set}.parquet",
    log:
        "results/logs/subset_truth/{page_set}.log",
    benchmark:
        "results/benchmarks/subset_truth/{page_set}.tsv"
    wildcard_constraints:
        page_set=one_of(SUBSETS),
    priority: 100
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("subset"),
        settings=lambda wildcards: dict(kind="truth", pages=[page.image_id for page in pages_of(wildcards.page_set)]),
    script:
        "../scripts/subset.py"
