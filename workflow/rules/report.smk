# The report on a whole run: data, examples and errors.
# Categories are numbered, since the report sorts them by name.

# The page sets for training, for validation and to read.
USED = list(dict.fromkeys([*([TRAINING, VALIDATION] if TRAINS else []), *config["recognize"]]))
LABELLED = [name for name in USED if page_sets.labelled(PAGE_SETS, name)]


# What the first page shows, and the page set of its picture.
SUMMED_UP = list(dict.fromkeys([*config["recognize"], *SCORED]))
TRANSCRIBED = [name for name in config["recognize"] if page_sets.transcribed(PAGE_SETS, name)]
PICTURED = SUMMED_UP[0]


rule front_page:
    """Sum the run up for the report's first page."""
    input:
        pages=expand("results/pages/{page_set}.parquet", page_set=SUMMED_UP),
        metrics=expand("results/{{round}}/metrics/{page_set}.json", page_set=SCORED),
        texts=expand("results/{{round}}/text_metrics/{page_set}.csv", page_set=TRANSCRIBED),
        recognized=f"results/{{round}}/recognized/{PICTURED}.parquet",
        truth=f"results/truth/{PICTURED}.parquet" if page_sets.labelled(PAGE_SETS, PICTURED) else [],
        images=lambda wildcards: original_images(PICTURED),
        fonts=fonts,
    output:
        report(
            "results/{round}/front_page/front_page.html",
            caption="../report/front_page.rst",
            category="4 Scores",
            labels={"page set": "all", "round": "{round}", "content": "what the run comes to"},
        ),
    log:
        "results/logs/front_page/{round}.log",
    benchmark:
        "results/benchmarks/front_page/{round}.tsv"
    wildcard_constraints:
        round=ROUND,
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("front_page"),
        settings=dict(pages=SUMMED_UP, scored=SCORED, texts=TRANSCRIBED, pictured=PICTURED),
    script:
        "../scripts/front_page.py"


rule dataset:
    """Make statistics of the page sets: books, boxes and codepoints."""
    input:
        pages=expand("results/pages/{page_set}.parquet", page_set=USED),
        truth=expand("results/truth/{page_set}.parquet", page_set=LABELLED),
    output:
        table="results/{round}/dataset/page_sets.csv",
        page=report(
            "results/{round}/dataset/page_sets.html",
            caption="../report/dataset.rst",
            category="1 Data",
            labels={"content": "all page sets"},
        ),
        books=report(
            "results/{round}/dataset/books.svg",
            caption="../report/dataset.rst",
            category="1 Data",
            labels={"content": "pages of the books"},
        ),
        boxes=report(
            "results/{round}/dataset/boxes.svg",
            caption="../report/dataset.rst",
            category="1 Data",
            labels={"content": "boxes of the pages"},
        ),
        codepoints=report(
            "results/{round}/dataset/codepoints.svg",
            caption="../report/dataset.rst",
            category="1 Data",
            labels={"content": "frequency of the codepoints"},
        ),
    log:
        "results/logs/dataset/{round}.log",
    benchmark:
        "results/benchmarks/dataset/{round}.tsv"
    wildcard_constraints:
        round=ROUND,
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("dataset"),
        settings=dict(page_sets=USED, labelled=LABELLED),
    script:
        "../scripts/dataset.py"


rule examples:
    """Draw example pages with the recognized characters, from the worst to the best."""
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        truth=branch(is_labelled, then="results/truth/{page_set}.parquet"),
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
    """Draw the most frequent confusions of a page set."""
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


rule missing_labels:
    """List the characters that the labels of a page set seem to miss."""
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        boxes="results/{round}/missing_labels/{page_set}.csv",
        page=report(
            "results/{round}/missing_labels/{page_set}.html",
            caption="../report/missing_labels.rst",
            category="4 Scores",
            labels={
                "page set": "{page_set}",
                "content": "labels that seem to be missing",
                "round": "{round}",
            },
        ),
    log:
        "results/logs/missing_labels/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/missing_labels/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("missing_labels"),
        settings=dict(config["missing_labels"]),
    script:
        "../scripts/missing_labels.py"


rule report:
    """All contents of the report, which `snakemake --report results/report.html` then writes."""
    input:
        expand(rules.front_page.output, round=ROUND),
        expand("results/{round}/dataset/page_sets.csv", round=ROUND),
        rules.evaluate.input,
        expand(
            ["results/{round}/misread/{page_set}.png", "results/{round}/missing_labels/{page_set}.csv"],
            round=ROUND,
            page_set=SCORED,
        ),
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
        expand(rules.detector_losses.output, training={entry["training"] for entry in config["detectors"].values()})
        if TRAINS
        else [],
        expand(
            "results/{round}/classifiers/{picture}",
            round=ROUND,
            picture=["history.svg", "confusions.svg", *[f"{name}/augmented.png" for name in CLASSIFIERS]],
        )
        if TRAINS
        else [],
