# The small networks that come with the workflow: files that `export` wrote, made into checkpoints as training leaves them.
# `results/small/` then reads as any other round; the boosters are read where they lie.
rule import_small_detector:
    """Make a detector of an exported file."""
    input:
        lambda wildcards: from_root(config["small"]["detectors"][wildcards.detector]),
    output:
        "results/detector/{detector}.pth",
    log:
        "results/logs/import_small_detector/{detector}.log",
    benchmark:
        "results/benchmarks/import_small_detector/{detector}.tsv"
    wildcard_constraints:
        detector=one_of(detectors_of("small")),
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(10),
    params:
        code=code("import_small_detector"),
    script:
        "../scripts/import_small_detector.py"


rule import_small_classifier:
    """Make a classifier of an exported file."""
    input:
        lambda wildcards: from_root(config["small"]["classifiers"][wildcards.classifier]),
    output:
        "results/small/classifiers/{classifier}.pth",
    log:
        "results/logs/import_small_classifier/{classifier}.log",
    benchmark:
        "results/benchmarks/import_small_classifier/{classifier}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(10),
    params:
        code=code("import_small_classifier"),
    script:
        "../scripts/import_small_classifier.py"
