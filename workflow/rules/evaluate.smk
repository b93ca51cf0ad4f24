# Scores of the results, stage by stage, of the detectors alone, and of the text.
include: "evaluate.inputs.smk"


rule metrics:
    """Score a page set stage by stage, by book and by codepoint."""
    input:
        **{stage: tables_of(stage) for stage in STAGES},
        pages="results/pages/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        training=training_tables("pages"),
        training_truth=training_tables("truth"),
    output:
        metrics="results/{round}/metrics/{page_set}.json",
        page=report(
            "results/{round}/metrics/{page_set}.html",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "all scores"},
        ),
        stages="results/{round}/metrics/{page_set}.csv",
        stages_plot=report(
            "results/{round}/metrics/{page_set}_stages.svg",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by stage, drawn"},
        ),
        books="results/{round}/metrics/{page_set}_books.csv",
        codepoints="results/{round}/metrics/{page_set}_codepoints.csv",
        bands="results/{round}/metrics/{page_set}_bands.csv",
        bands_plot=report(
            "results/{round}/metrics/{page_set}_bands.svg",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by frequency of the codepoint, drawn"},
        ),
        confusions="results/{round}/metrics/{page_set}_confusions.csv",
    log:
        "results/logs/metrics/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/metrics/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(30),
    params:
        code=code("metrics"),
        settings=lambda wildcards: dict(
            detectors=detectors_of(wildcards.round),
            classifiers=classifiers_of(wildcards.round),
            max_predictions=config["submission"]["max_predictions"],
        ),
    script:
        "../scripts/metrics.py"


rule detection_metrics:
    """Score the detectors alone: by book, score and overlap."""
    input:
        pages="results/pages/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        training=training_tables("pages"),
        detections=tables_of("detections"),
    output:
        page=report(
            "results/{round}/detection_metrics/{page_set}/tables.html",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "round": "{round}", "content": "all scores"},
        ),
        books="results/{round}/detection_metrics/{page_set}/books.csv",
        books_plot=report(
            "results/{round}/detection_metrics/{page_set}/books.svg",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by book, drawn"},
        ),
        scores="results/{round}/detection_metrics/{page_set}/scores.csv",
        scores_plot=report(
            "results/{round}/detection_metrics/{page_set}/scores.svg",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by score, drawn"},
        ),
        iou="results/{round}/detection_metrics/{page_set}/iou.csv",
        iou_plot=report(
            "results/{round}/detection_metrics/{page_set}/iou.svg",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by IoU, drawn"},
        ),
    log:
        "results/logs/detection_metrics/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/detection_metrics/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        code=code("detection_metrics"),
        settings=lambda wildcards: dict(config["evaluate"], detectors=detectors_of(wildcards.round)),
    script:
        "../scripts/detection_metrics.py"


rule text_metrics:
    """Measure the error rate of the text of pages with known text (transcribed or drawn)."""
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        transcriptions=transcriptions,
    output:
        page=report(
            "results/{round}/text_metrics/{page_set}.html",
            caption="../report/text_metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "text, by book and page"},
        ),
        books="results/{round}/text_metrics/{page_set}.csv",
        pages="results/{round}/text_metrics/{page_set}_pages.csv",
    log:
        "results/logs/text_metrics/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/text_metrics/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60),
    params:
        code=code("text_metrics"),
        settings=lambda wildcards: dict(drawn=drawn_sources(wildcards.page_set)),
    script:
        "../scripts/text_metrics.py"


rule verdict:
    """Put the scores of a page set in one table for readers, book by book."""
    input:
        detections="results/{round}/detection_metrics/{page_set}/books.csv",
        scores="results/{round}/metrics/{page_set}_books.csv",
        texts=known_text_metrics,
    output:
        "results/{round}/verdict/{page_set}.md",
    log:
        "results/logs/verdict/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/verdict/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(30),
    params:
        code=code("verdict"),
    script:
        "../scripts/verdict.py"


rule evaluate:
    """All scores of the page sets with labels or transcriptions."""
    input:
        expand(
            ["results/{round}/metrics/{page_set}.json", *rules.detection_metrics.output],
            round=ROUND,
            page_set=SCORED,
        ),
        expand(
            "results/{round}/text_metrics/{page_set}.csv",
            round=ROUND,
            page_set=[name for name in config["recognize"] if page_sets.transcribed(PAGE_SETS, name)],
        ),
