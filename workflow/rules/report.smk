# What the report shows of a run as a whole: its data, its examples and errors, what it took.
# Categories are numbered, since the report sorts them by name.
rule dataset:
    input:
        pages=expand("results/pages/{page_set}.parquet", page_set=USED),
        truth=expand("results/truth/{page_set}.parquet", page_set=labelled(USED)),
    output:
        table="results/dataset/{weights}/page_sets.csv",
        page=report(
            "results/dataset/{weights}/page_sets.html",
            caption="../report/dataset.rst",
            category="1 Data",
            labels={"content": "all page sets"},
        ),
        books=report(
            "results/dataset/{weights}/books.svg",
            caption="../report/dataset.rst",
            category="1 Data",
            labels={"content": "pages of the books"},
        ),
        boxes=report(
            "results/dataset/{weights}/boxes.svg",
            caption="../report/dataset.rst",
            category="1 Data",
            labels={"content": "boxes of the pages"},
        ),
        codepoints=report(
            "results/dataset/{weights}/codepoints.svg",
            caption="../report/dataset.rst",
            category="1 Data",
            labels={"content": "frequency of the codepoints"},
        ),
    log:
        "results/logs/dataset/{weights}.log",
    benchmark:
        "results/benchmarks/dataset/{weights}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("dataset"),
        settings=dict(page_sets=USED, labelled=labelled(USED)),
    script:
        "../scripts/dataset.py"


# A few of the pages that `overlays` draws all of.
rule examples:
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        truth=lambda wildcards: "results/truth/{page_set}.parquet" if labelled([wildcards.page_set]) else [],
        pages="results/pages/{page_set}.parquet",
        images=lambda wildcards: original_images(wildcards.page_set),
        fonts=fonts,
    output:
        report(
            directory("results/{round}/examples/{page_set}"),
            patterns=[r"{place,\d+}__{score,[^_]+}__{image_id}.jpg"],
            caption="../report/examples.rst",
            category="6 Examples",
            subcategory="{page_set}",
            labels={"place": "{place}", "F1": "{score}", "page": "{image_id}"},
        ),
    log:
        "results/logs/examples/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/examples/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("examples"),
        settings={key: config["report"][key] for key in ("examples", "max_side")},
    script:
        "../scripts/examples.py"


rule misread:
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        images=lambda wildcards: original_images(wildcards.page_set),
        fonts=fonts,
    output:
        report(
            "results/{round}/misread/{page_set}.png",
            caption="../report/misread.rst",
            category="4 Scores",
            labels={
                "page set": "{page_set}",
                "content": "errors: the commonest confusions, shown",
                "round": "{round}",
            },
        ),
    log:
        "results/logs/misread/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/misread/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        code=code("misread"),
        settings={key: config["report"][key] for key in ("confusions", "samples", "side")},
    script:
        "../scripts/misread.py"


rule usage:
    input:
        **{name: benchmarks_of(name) for name in TIMED},
    output:
        table="results/{round}/usage/usage.csv",
        page=report(
            "results/{round}/usage/usage.html",
            caption="../report/usage.rst",
            category="7 Resources",
            labels={"round": "{round}", "content": "time and memory of the rules"},
        ),
        plot=report(
            "results/{round}/usage/usage.svg",
            caption="../report/usage.rst",
            category="7 Resources",
            labels={"round": "{round}", "content": "time and memory of the rules, drawn"},
        ),
    log:
        "results/logs/usage/{round}.log",
    benchmark:
        "results/benchmarks/usage/{round}.tsv"
    wildcard_constraints:
        round=ROUND,
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(20),
    params:
        code=code("usage"),
        settings=dict(asked={name: asked_of(name) for name in TIMED}),
    script:
        "../scripts/usage.py"


# What the report shows; `snakemake --report results/report.html` then writes it.
rule report:
    input:
        expand("results/dataset/{weights}/page_sets.csv", weights=WEIGHTS),
        rules.evaluate.input,
        expand("results/{round}/misread/{page_set}.png", round=ROUND, page_set=SCORED),
        expand(
            ["results/{round}/viewer/{page_set}.html", "results/{round}/text/{page_set}.jsonl"],
            round=ROUND,
            page_set=config["recognize"],
        ),
        expand(
            "results/{round}/{kind}/{page_set}",
            round=ROUND,
            kind=["examples", "overlays", "text", "page_xml", "alto", "annotations", "provenance"],
            page_set=config["recognize"],
        ),
        expand("results/{round}/usage/usage.csv", round=ROUND),
        rules.detector_losses.output if TRAINS else [],
        expand(
            "results/{round}/classifiers/{picture}",
            round=ROUND,
            picture=["history.svg", "confusions.svg", *[f"{name}/augmented.png" for name in CLASSIFIERS]],
        )
        if TRAINS
        else [],
