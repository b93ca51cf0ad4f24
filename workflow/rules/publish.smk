# What people look at: the pages with what was read, and the text.
def original_images(wildcards):
    found = []
    for image_set in page_sets.sources(PAGE_SETS, wildcards.page_set):
        if "synthetic" in PAGE_SETS[image_set]:
            found.append(f"results/synthetic/{image_set}/images")
    return found + [page.path for page in pages_of(wildcards.page_set) if "synthetic" not in PAGE_SETS[page.image_set]]


rule overlays:
    input:
        code=code("overlays"),
        recognized="results/{round}/recognized/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        images=original_images,
        fonts=fonts,
    output:
        report(
            directory("results/{round}/overlays/{page_set}"),
            patterns=["{image_id}.jpg"],
            caption="../report/overlays.rst",
            category="Pages",
            subcategory="{page_set}",
        ),
    log:
        "results/logs/overlays/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/overlays/{round}/{page_set}.tsv"
    threads: 4
    resources:
        mem_mb=8000,
        runtime=120,
    script:
        "../scripts/overlays.py"


rule text:
    input:
        code=code("text"),
        recognized="results/{round}/recognized/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        directory("results/{round}/text/{page_set}"),
    log:
        "results/logs/text/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/text/{round}/{page_set}.tsv"
    resources:
        mem_mb=4000,
        runtime=30,
    script:
        "../scripts/text.py"


# What the report shows; `snakemake --report results/report.html` then writes it.
rule report:
    input:
        rules.evaluate.input,
        expand(
            "results/{round}/{kind}/{page_set}", round=ROUND, kind=["overlays", "text"], page_set=config["recognize"]
        ),
