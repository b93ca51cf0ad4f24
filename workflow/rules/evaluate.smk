# How well the pages were read, stage by stage.
rule metrics:
    input:
        pages="results/pages/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        training=training_tables("pages"),
        training_truth=training_tables("truth"),
        detections=of_detectors("results/detections/{page_set}/{detector}.parquet"),
        predictions=predictions_of,
        fused=rules.nms.input.fused,
        merged=["results/{round}/merged/{page_set}.parquet"],
        recognized=["results/{round}/recognized/{page_set}.parquet"],
    output:
        metrics="results/{round}/metrics/{page_set}.json",
        page=report(
            "results/{round}/metrics/{page_set}.html",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "all scores"},
        ),
        stages=report(
            "results/{round}/metrics/{page_set}.csv",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by stage (CSV)"},
        ),
        stages_plot=report(
            "results/{round}/metrics/{page_set}_stages.svg",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by stage, drawn"},
        ),
        books=report(
            "results/{round}/metrics/{page_set}_books.csv",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by book (CSV)"},
        ),
        codepoints=report(
            "results/{round}/metrics/{page_set}_codepoints.csv",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by codepoint (CSV)"},
        ),
        bands=report(
            "results/{round}/metrics/{page_set}_bands.csv",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by frequency of the codepoint (CSV)"},
        ),
        bands_plot=report(
            "results/{round}/metrics/{page_set}_bands.svg",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by frequency of the codepoint, drawn"},
        ),
        confusions=report(
            "results/{round}/metrics/{page_set}_confusions.csv",
            caption="../report/metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "commonest confusions (CSV)"},
        ),
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
            detectors=detectors_of(wildcards.round), classifiers=classifiers_of(wildcards.round)
        ),
    script:
        "../scripts/metrics.py"


# How well the detectors alone find characters.
rule detection_metrics:
    input:
        pages="results/pages/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        training=training_tables("pages"),
        detections=of_detectors("results/detections/{page_set}/{detector}.parquet"),
    output:
        books=report(
            "results/detection_metrics/{page_set}/{weights}/books.csv",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "weights": "{weights}", "content": "by book (CSV)"},
        ),
        books_plot=report(
            "results/detection_metrics/{page_set}/{weights}/books.svg",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "weights": "{weights}", "content": "by book, drawn"},
        ),
        scores=report(
            "results/detection_metrics/{page_set}/{weights}/scores.csv",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "weights": "{weights}", "content": "by score (CSV)"},
        ),
        scores_plot=report(
            "results/detection_metrics/{page_set}/{weights}/scores.svg",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "weights": "{weights}", "content": "by score, drawn"},
        ),
        iou=report(
            "results/detection_metrics/{page_set}/{weights}/iou.csv",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "weights": "{weights}", "content": "by IoU (CSV)"},
        ),
        iou_plot=report(
            "results/detection_metrics/{page_set}/{weights}/iou.svg",
            caption="../report/detection_metrics.rst",
            category="3 Detection",
            labels={"page set": "{page_set}", "weights": "{weights}", "content": "by IoU, drawn"},
        ),
    log:
        "results/logs/detection_metrics/{page_set}/{weights}.log",
    benchmark:
        "results/benchmarks/detection_metrics/{page_set}/{weights}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        code=code("detection_metrics"),
        settings=lambda wildcards: dict(config["evaluate"], detectors=detectors_of(round_of(wildcards))),
    script:
        "../scripts/detection_metrics.py"


# How well the text was read, of pages whose text is known: transcribed or drawn ones.
rule text_metrics:
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        transcriptions=transcriptions,
    output:
        books=report(
            "results/{round}/text_metrics/{page_set}.csv",
            caption="../report/text_metrics.rst",
            category="4 Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "text, by book (CSV)"},
        ),
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


rule evaluate:
    input:
        expand(
            ["results/{round}/metrics/{page_set}.json", *rules.detection_metrics.output],
            round=ROUND,
            weights=config["weights"],
            page_set=SCORED,
        ),
        expand("results/{round}/text_metrics/{page_set}.csv", round=ROUND, page_set=TRANSCRIBED),
