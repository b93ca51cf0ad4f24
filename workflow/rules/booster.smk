# The false-positive predictor: features of every box, the search for its parameters, and its five folds.
rule features:
    input:
        code=code("features"),
        merged="results/{round}/merged/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        "results/{round}/features/{page_set}.parquet",
    log:
        "results/logs/features/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/features/{round}/{page_set}.tsv"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        settings=dict(variant=config["booster"]["features"]),
    script:
        "../scripts/features.py"


rule search:
    input:
        code=code("search"),
        features=f"results/{{round}}/features/{VALIDATION}.parquet",
        merged=f"results/{{round}}/merged/{VALIDATION}.parquet",
        truth=f"results/truth/{VALIDATION}.parquet",
    output:
        "results/{round}/booster/best_params.yaml",
    log:
        "results/logs/search/{round}.log",
    benchmark:
        "results/benchmarks/search/{round}.tsv"
    threads: 8
    resources:
        mem_mb=8000,
        runtime=720,
    params:
        settings=lambda wildcards: dict(
            config["booster"]["search"],
            state=f"results/{wildcards.round}/state/search",
            **{name: config["booster"]["training"][name] for name in ("max_depth", "max_bin")},
        ),
    script:
        "../scripts/search.py"


rule booster:
    input:
        code=code("booster"),
        features=f"results/{{round}}/features/{VALIDATION}.parquet",
        merged=f"results/{{round}}/merged/{VALIDATION}.parquet",
        truth=f"results/truth/{VALIDATION}.parquet",
        best="results/{round}/booster/best_params.yaml",
    output:
        folds=expand("results/{{round}}/booster/fold_{fold}.txt", fold=range(config["booster"]["training"]["folds"])),
        scores="results/{round}/booster/scores.json",
    log:
        "results/logs/booster/{round}.log",
    benchmark:
        "results/benchmarks/booster/{round}.tsv"
    threads: 8
    resources:
        mem_mb=8000,
        runtime=120,
    params:
        settings=config["booster"]["training"],
    script:
        "../scripts/booster.py"


rule train:
    input:
        rules.detector.output,
        expand("results/{round}/classifiers/{classifier}.pth", round=ROUND, classifier=CLASSIFIERS),
        expand(rules.booster.output.folds, round=ROUND),
