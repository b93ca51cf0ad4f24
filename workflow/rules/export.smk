# Trained networks as files for distribution, in few bits, which the round `small` can read.
include: "export.inputs.smk"


rule export_detector:
    """Write a detector as a file of weights in few bits."""
    input:
        "results/detector/{detector}.pth",
    output:
        "results/{round}/export/detectors/{detector}.safetensors",
    log:
        "results/logs/export_detector/{round}/{detector}.log",
    benchmark:
        "results/benchmarks/export_detector/{round}/{detector}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(10),
    params:
        code=code("export_detector"),
        settings=dict(bits=config["export"]["bits"]),
    script:
        "../scripts/export_detector.py"


rule export_classifier:
    """Write a classifier as a file of weights in few bits."""
    input:
        classifier="results/{round}/classifiers/{classifier}.pth",
        start=shared_start,
    output:
        "results/{round}/export/classifiers/{classifier}.safetensors",
    log:
        "results/logs/export_classifier/{round}/{classifier}.log",
    benchmark:
        "results/benchmarks/export_classifier/{round}/{classifier}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(10),
    params:
        code=code("export_classifier"),
        settings=config["export"],
    script:
        "../scripts/export_classifier.py"


rule priors:
    """Count what the scanned pages of training show of every codepoint, for `classify.priors`."""
    input:
        truth=lambda wildcards: expand("results/truth/{page_set}.parquet", page_set=counted("of")),
        charset=lambda wildcards: from_root(counted("charset")),
    output:
        "results/export/priors.csv",
    log:
        "results/logs/priors.log",
    benchmark:
        "results/benchmarks/priors.tsv"
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        code=code("priors"),
    script:
        "../scripts/priors.py"


rule export:
    """The round's networks and boosters as files for distribution."""
    input:
        expand("results/{round}/export/detectors/{detector}.safetensors", round=ROUND, detector=detectors_of(ROUND)),
        expand(
            "results/{round}/export/classifiers/{classifier}.safetensors",
            round=ROUND,
            classifier=classifiers_of(ROUND),
        ),
        booster_folds(ROUND),
        rules.priors.output if config["export"]["priors"] else [],
