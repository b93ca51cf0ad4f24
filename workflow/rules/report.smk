# What the report shows of a run as a whole: its data, its examples and errors, what it took.
# Categories are numbered, since the report sorts them by name.
WEIGHTS = config["weights"]
# The page sets that the networks learn from, choose by and read.
TRAINS = ROUND != "published"
USED = list(dict.fromkeys([*([TRAINING, VALIDATION] if TRAINS else []), *config["recognize"]]))


def labelled(names):
    return [name for name in names if page_sets.labelled(PAGE_SETS, name)]


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
        mem_mb=grown(4000),
        runtime=grown(20),
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
        mem_mb=grown(4000),
        runtime=grown(20),
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
        mem_mb=grown(4000),
        runtime=grown(30),
    params:
        code=code("misread"),
        settings={key: config["report"][key] for key in ("confusions", "samples", "side")},
    script:
        "../scripts/misread.py"


# The rules whose time and memory are told, and the page sets that they work on.
READ = list(dict.fromkeys([*SCORED, *config["recognize"]]))
TIMED = {
    **dict.fromkeys(["synthetic", "pages", "truth", "denoise"], USED),
    **dict.fromkeys(["crops", "folds", "detector", "classifier", "augmented"], [TRAINING] if TRAINS else []),
    **dict.fromkeys(["detect", "classify", "fuse", "nms", "features"], READ),
    **dict.fromkeys(["search", "booster", "protocols", "booster_report"], [VALIDATION] if TRAINS else []),
    "reject": READ,
    **dict.fromkeys(["metrics", "detection_metrics", "misread"], SCORED),
    **dict.fromkeys(["submission", "provenance", "overlays", "examples", "viewer"], config["recognize"]),
    **dict.fromkeys(["reading_order", "text", "alternatives", "json_lines"], config["recognize"]),
    **dict.fromkeys(["page_xml", "alto", "annotations"], config["recognize"]),
}


@cache
def places_of(page_set):
    """Where the pages of a page set are worked on."""
    pages = dict.fromkeys((page.image_set, page.chunk) for page in pages_of(page_set))
    return [dict(page_set=page_set, image_set=image_set, chunk=chunk) for image_set, chunk in pages]


def benchmarks_of(rule):
    """An input function: the benchmarks of the rule's jobs. One that was lost is left out: nothing is made again for it."""
    benchmark, output = str(getattr(rules, rule).benchmark), str(getattr(rules, rule).output[0])

    def has(name):
        return f"{{{name}}}" in benchmark

    def benchmarks(wildcards):
        values = dict(round=ROUND, weights=WEIGHTS, detector=detectors_of(ROUND), classifier=classifiers_of(ROUND))
        values["validation_book"] = [
            str(settings_of(name)["validation_book"]) for name in (CLASSIFIERS if TRAINS else [])
        ]
        values = {name: value for name, value in values.items() if has(name)}
        places = [
            tuple((name, value) for name, value in place.items() if has(name))
            for page_set in TIMED[rule]
            if not (rule == "detect" and not TRAINS and page_set in GIVEN)
            for place in places_of(page_set)
            if rule != "synthetic" or "synthetic" in PAGE_SETS[place["image_set"]]
        ]
        pairs = [
            pair
            for place in dict.fromkeys(places)
            for pair in zip(*[expand(pattern, **dict(place), **values) for pattern in (benchmark, output)], strict=True)
        ]
        return [file for file, made in dict.fromkeys(pairs) if os.path.exists(file) or not os.path.exists(made)]

    return benchmarks


def asked_of(rule):
    """The memory and threads that a rule asks for at first."""
    resources = getattr(rules, rule).rule.resources
    memory, threads = (resources[name].evaluate(None, attempt=1).value for name in ("mem_mb", "_cores"))
    return dict(mem_mb=memory, threads=threads)


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
        mem_mb=grown(2000),
        runtime=grown(20),
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
