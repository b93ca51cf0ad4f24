# The false-positive predictor: features of every box, tuning, training of the five folds, and their evaluation.
include: "booster.inputs.smk"


rule features:
    """Compute the features of every box for the false-positive predictor."""
    input:
        merged="results/{round}/merged/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        "results/{round}/features/{page_set}.parquet",
    log:
        "results/logs/features/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/features/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        code=code("features"),
        settings=lambda wildcards: dict(variant=feature_variant(wildcards.round)),
    script:
        "../scripts/features.py"


rule tune:
    """Tune the false-positive predictor's parameters with Optuna."""
    input:
        features=f"results/{{round}}/features/{VALIDATION}.parquet",
        merged=f"results/{{round}}/merged/{VALIDATION}.parquet",
        truth=f"results/truth/{VALIDATION}.parquet",
        pages=f"results/pages/{VALIDATION}.parquet",
    output:
        "results/{round}/booster/best_params.yaml",
    log:
        "results/logs/tune/{round}.log",
    benchmark:
        "results/benchmarks/tune/{round}.tsv"
    wildcard_constraints:
        round=one_of(TRAINED_ROUNDS),
    threads: 8
    resources:
        mem_mb=resuming(8000),
        runtime=720,  # a retry resumes
    params:
        code=code("tune"),
        settings=lambda wildcards: dict(
            config["booster"]["tune"],
            state=f"results/{wildcards.round}/state/tune",
            **{name: config["booster"]["training"][name] for name in ("max_depth", "max_bin")},
        ),
    script:
        "../scripts/tune.py"


rule booster:
    """Train the false-positive predictor, one model per fold."""
    input:
        features=f"results/{{round}}/features/{VALIDATION}.parquet",
        merged=f"results/{{round}}/merged/{VALIDATION}.parquet",
        truth=f"results/truth/{VALIDATION}.parquet",
        pages=f"results/pages/{VALIDATION}.parquet",
        best="results/{round}/booster/best_params.yaml",
    output:
        folds=expand("results/{{round}}/booster/fold_{fold}.txt", fold=range(config["booster"]["training"]["folds"])),
        out_of_fold="results/{round}/booster/out_of_fold.parquet",
        scores="results/{round}/booster/scores.json",
    log:
        "results/logs/booster/{round}.log",
    benchmark:
        "results/benchmarks/booster/{round}.tsv"
    wildcard_constraints:
        round=one_of(TRAINED_ROUNDS),
    threads: 8
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        code=code("booster"),
        settings=booster_settings,
    script:
        "../scripts/booster.py"


rule protocols:
    """Compare the gain in F1 for folds that keep boxes, pages or books whole."""
    input:
        features=rules.booster.input.features,
        merged=rules.booster.input.merged,
        truth=rules.booster.input.truth,
        pages=rules.booster.input.pages,
        best=rules.booster.input.best,
    output:
        "results/{round}/booster/protocols.csv",
    log:
        "results/logs/protocols/{round}.log",
    benchmark:
        "results/benchmarks/protocols/{round}.tsv"
    wildcard_constraints:
        round=one_of(TRAINED_ROUNDS),
    threads: 8
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(240),
    params:
        code=code("protocols"),
        settings=dict(
            {name: value for name, value in config["booster"]["training"].items() if name != "protocol"},
            threshold=config["filter"]["threshold"],
        ),
    script:
        "../scripts/protocols.py"


rule booster_report:
    """Draw the false-positive predictor's features, calibration, precision and recall."""
    input:
        boosters=rules.booster.output.folds,
        out_of_fold=rules.booster.output.out_of_fold,
        protocols=rules.protocols.output[0],
        features=rules.booster.input.features,
        merged=rules.booster.input.merged,
        truth=rules.booster.input.truth,
        pages=rules.booster.input.pages,
    output:
        page=report(
            "results/{round}/booster/tables.html",
            caption="../report/protocols.rst",
            category="5 Booster",
            labels={"round": "{round}", "content": "gain in F1 by protocol, importance of the features"},
        ),
        importances="results/{round}/booster/importances.csv",
        importances_plot=report(
            "results/{round}/booster/importances.svg",
            caption="../report/booster_importances.rst",
            category="5 Booster",
            labels={"round": "{round}", "content": "importance of the features, drawn"},
        ),
        contributions=report(
            "results/{round}/booster/contributions.svg",
            caption="../report/booster_contributions.rst",
            category="5 Booster",
            labels={"round": "{round}", "content": "what features do to a box (SHAP)"},
        ),
        calibration="results/{round}/booster/calibration.csv",
        calibration_plot=report(
            "results/{round}/booster/calibration.svg",
            caption="../report/booster_calibration.rst",
            category="5 Booster",
            labels={"round": "{round}", "content": "calibration"},
        ),
        precision_recall=report(
            "results/{round}/booster/precision_recall.svg",
            caption="../report/booster_precision_recall.rst",
            category="5 Booster",
            labels={"round": "{round}", "content": "precision and recall"},
        ),
    log:
        "results/logs/booster_report/{round}.log",
    benchmark:
        "results/benchmarks/booster_report/{round}.tsv"
    wildcard_constraints:
        round=one_of(TRAINED_ROUNDS),
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        code=code("booster_report"),
        settings=dict(
            config["booster"]["report"],
            variant=config["booster"]["features"],
            threshold=config["filter"]["threshold"],
        ),
    script:
        "../scripts/booster_report.py"


rule train:
    """All networks and boosters of the round, trained or imported."""
    input:
        expand("results/detector/{detector}.pth", detector=passing_detectors(ROUND)),
        lambda wildcards: expand(
            "results/{round}/classifiers/{classifier}.pth", round=ROUND, classifier=classifiers_of(ROUND)
        ),
        booster_folds(ROUND),
        # Imported networks and boosters have no records of training.
        expand([*rules.protocols.output, *rules.booster_report.output], round=ROUND) if TRAINS else [],
        # The provenance of their results on the validation pages records the configuration of the models.
        f"results/{ROUND}/provenance/{VALIDATION}" if TRAINS else [],
