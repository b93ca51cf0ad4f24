# The classifiers, and pictures of their training.
include: "classifier.inputs.smk"


# With `--set-resources classifier:gpu=N`, N processes share each batch.
rule classifier:
    """Train a classifier of characters."""
    input:
        truth=f"results/truth/{TRAINING}.parquet",
        folds=fold_of,
        crops=access.random(training_crops),
        pseudo=pseudo_label_tables,
        start=training_start,
        pretrained=imagenet_weights,
    output:
        checkpoint="results/{round}/classifiers/{classifier}.pth",
        history="results/{round}/classifiers/{classifier}/history.csv",
        confusions="results/{round}/classifiers/{classifier}/confusions.csv",
    log:
        "results/logs/classifier/{round}/{classifier}.log",
    benchmark:
        "results/benchmarks/classifier/{round}/{classifier}.tsv"
    wildcard_constraints:
        round=one_of(TRAINED_ROUNDS),
    threads: 8
    resources:
        gpu=1,
        mem_mb=resuming(32000),
        runtime=4320,  # a retry resumes
    params:
        code=code("classifier"),
        settings=classifier_settings,
    script:
        "../scripts/classifier.py"


rule curves:
    """Draw the epochs and confusions of all classifiers."""
    input:
        history=expand("results/{{round}}/classifiers/{classifier}/history.csv", classifier=CLASSIFIERS),
        confusions=expand("results/{{round}}/classifiers/{classifier}/confusions.csv", classifier=CLASSIFIERS),
        fonts=fonts,
    output:
        history=report(
            "results/{round}/classifiers/history.svg",
            caption="../report/classifier.rst",
            category="2 Training",
            labels={"network": "all classifiers", "content": "epochs, {round} round"},
        ),
        confusions=report(
            "results/{round}/classifiers/confusions.svg",
            caption="../report/classifier_confusions.rst",
            category="2 Training",
            labels={"network": "all classifiers", "content": "confused pairs, {round} round"},
        ),
        page=report(
            "results/{round}/classifiers/tables.html",
            caption="../report/classifier.rst",
            category="2 Training",
            labels={"network": "all classifiers", "content": "epochs and confused pairs as tables, {round} round"},
        ),
    log:
        "results/logs/curves/{round}.log",
    benchmark:
        "results/benchmarks/curves/{round}.tsv"
    wildcard_constraints:
        round=one_of(TRAINED_ROUNDS),
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(10),
    params:
        code=code("curves"),
        settings=dict(classifiers=CLASSIFIERS),
    script:
        "../scripts/curves.py"


# The settings that determine training crops.
AUGMENTATION = """
    seed channels input_size resize letterbox rotation crop_scale crop_ratio shear elastic stroke jitter grayscale pca_noise
    mixing erasing transforms batch_size max_training sampling
""".split()


rule augmented:
    """Draw augmented training crops, in one job for all classifiers, since a job takes longer to start."""
    input:
        truth=f"results/truth/{TRAINING}.parquet",
        folds=lambda wildcards: [training_fold(name) for name in CLASSIFIERS],
        crops=training_crops,
    output:
        [
            report(
                f"results/{{round}}/classifiers/{name}/augmented.png",
                caption="../report/classifier_augmented.rst",
                category="2 Training",
                labels={"network": name, "content": "augmented crops, {round} round"},
            )
            for name in CLASSIFIERS
        ],
    log:
        "results/logs/augmented/{round}.log",
    benchmark:
        "results/benchmarks/augmented/{round}.tsv"
    wildcard_constraints:
        round=one_of(TRAINED_ROUNDS),
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("augmented"),
        settings=lambda wildcards: {
            name: {key: settings_of(name, wildcards.round)[key] for key in AUGMENTATION} for name in CLASSIFIERS
        },
    script:
        "../scripts/augmented.py"
