# The small networks' classifiers, adapted to the hand of a book by labels of some of its pages. The detector and the
# boosters stay what they are.
include: "adapt.inputs.smk"


rule adapt_classifier:
    """Train a small classifier further, on labelled pages of a book and on pages that keep it from forgetting."""
    input:
        start="results/small/classifiers/{classifier}.pth",
        truth=f"results/truth/{TRAINING}.parquet",
        training=adaptation_fold("training"),
        validation=adaptation_fold("validation"),
        crops=training_crops,
    output:
        checkpoint="results/adapted/classifiers/{classifier}.pth",
        history="results/adapted/classifiers/{classifier}/history.csv",
        confusions="results/adapted/classifiers/{classifier}/confusions.csv",
    log:
        "results/logs/adapt_classifier/{classifier}.log",
    benchmark:
        "results/benchmarks/adapt_classifier/{classifier}.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        code=code("adapt_classifier"),
        settings=adaptation_settings,
    script:
        "../scripts/adapt_classifier.py"


rule adapt:
    """Adapt the small classifiers to the book in the folder `read`, of which `adapt` names labels."""
    input:
        collect("results/adapted/classifiers/{classifier}.pth", classifier=classifiers_of("adapted")),
