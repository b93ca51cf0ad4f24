# How well the pages were read, stage by stage.
rule metrics:
    input:
        code=code("metrics"),
        pages="results/pages/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        training=f"results/pages/{TRAINING}.parquet",
        detections=expand("results/detections/{{page_set}}/{detector}.parquet", detector=DETECTORS),
        predictions=expand(
            "results/{{round}}/predictions/{{page_set}}/{detector}/{classifier}.parquet",
            detector=DETECTORS,
            classifier=CLASSIFIERS,
        ),
        fused=rules.nms.input.fused,
        merged=["results/{round}/merged/{page_set}.parquet"],
        recognized=["results/{round}/recognized/{page_set}.parquet"],
    output:
        metrics="results/{round}/metrics/{page_set}.json",
        stages=report(
            "results/{round}/metrics/{page_set}.csv",
            caption="../report/metrics.rst",
            category="Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by stage"},
        ),
        books=report(
            "results/{round}/metrics/{page_set}_books.csv",
            caption="../report/metrics.rst",
            category="Scores",
            labels={"page set": "{page_set}", "round": "{round}", "content": "by book"},
        ),
    log:
        "results/logs/metrics/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/metrics/{round}/{page_set}.tsv"
    resources:
        mem_mb=8000,
        runtime=30,
    script:
        "../scripts/metrics.py"


rule evaluate:
    input:
        expand(
            "results/{round}/metrics/{page_set}.json",
            round=ROUND,
            page_set=[name for name in config["recognize"] if page_sets.labelled(PAGE_SETS, name)],
        ),
