# The filter of false positives, and the submission.


rule filter:
    """Filter the boxes by the false-positive predictor."""
    input:
        merged="results/{round}/merged/{page_set}.parquet",
        features="results/{round}/features/{page_set}.parquet",
        boosters=lambda wildcards: booster_folds(wildcards.round),
    output:
        "results/{round}/recognized/{page_set}.parquet",
    log:
        "results/logs/filter/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/filter/{round}/{page_set}.tsv"
    threads: 4
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(30),
    params:
        code=code("filter"),
        settings=lambda wildcards: dict(config["filter"], variant=feature_variant(wildcards.round)),
    script:
        "../scripts/filter.py"


rule submission:
    """Write a page set's characters in the competition's format."""
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        sample=branch(  # which the first page set must match
            lambda wildcards: config["submission"]["sample"] and wildcards.page_set == config["recognize"][0],
            then=lambda wildcards: from_root(config["submission"]["sample"]),
        ),
    output:
        "results/{round}/submissions/{page_set}.csv",
    log:
        "results/logs/submission/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/submission/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("submission"),
        settings=dict(max_predictions=config["submission"]["max_predictions"]),
    script:
        "../scripts/submission.py"


localrules:
    final_submission,


rule final_submission:
    """Copy the submission of the first page set under `recognize` to results/final_submission.csv."""
    input:
        f"results/{ROUND}/submissions/{config['recognize'][0]}.csv",
    output:
        "results/final_submission.csv",
    log:
        "results/logs/final_submission.log",
    shell:
        "cp {input} {output} 2> {log}"


rule recognize:
    """Submissions of the page sets under `recognize`, with their provenance."""
    input:
        expand(
            ["results/{round}/submissions/{page_set}.csv", "results/{round}/provenance/{page_set}"],
            round=ROUND,
            page_set=config["recognize"],
        ),
