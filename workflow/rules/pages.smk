# Checks of all pages and labels, before hours of work begin: two rules, so that corrected labels do not affect results
# that depend only on the images.
SUBSETS = [name for name, entry in PAGE_SETS.items() if "of" in entry]


rule pages:
    """Check every page of an image set, before hours of work begin."""
    input:
        images=lambda wildcards: image_folders(pages_of(wildcards.image_set)),
        versions=lambda wildcards: image_versions(wildcards.image_set, "all"),
    output:
        pages="results/pages/{image_set}.parquet",
        digests="results/pages/{image_set}.json",
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
        settings=lambda wildcards: dict(
            max_megapixels=config["pages"]["max_megapixels"],
            pages=[list(page) for page in pages_of(wildcards.image_set)],
        ),
    script:
        "../scripts/pages.py"


rule unreadable:
    """List the scans that cannot be read, with reasons."""
    output:
        "results/pages/{page_set}_unreadable.csv",
    log:
        "results/logs/unreadable/{page_set}.log",
    benchmark:
        "results/benchmarks/unreadable/{page_set}.tsv"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        code=code("unreadable"),
        settings=lambda wildcards: dict(unreadable=left_out(wildcards.page_set)),
    script:
        "../scripts/unreadable.py"


rule truth:
    """Check the labels of an image set."""
    input:
        pages="results/pages/{image_set}.parquet",
        labels=branch(
            lambda wildcards: "synthetic" in PAGE_SETS[wildcards.image_set],
            then="results/synthetic/{image_set}/labels.csv",
            otherwise=lambda wildcards: PAGE_SETS[wildcards.image_set].get("labels"),
        ),
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
        settings=lambda wildcards: dict(
            least_trust=PAGE_SETS[wildcards.image_set].get("least_trust", 0),
            of_some="pages" in PAGE_SETS[wildcards.image_set],
        ),
    script:
        "../scripts/truth.py"


rule subset:
    """Select the pages of a page set from other page sets."""
    input:
        tables=lambda wildcards: collect(
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
    """Select the true boxes of a page set from other page sets."""
    input:
        tables=lambda wildcards: collect(
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
