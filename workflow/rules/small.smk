# The small networks that come with the workflow: files written by `export`, converted to checkpoints like those of
# training. `results/small/` is then used like any other round; the boosters are used in place.
rule import_small_detector:
    """Import a detector from an exported file."""
    input:
        lambda wildcards: configured(config["small"]["detectors"][wildcards.detector]),
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
    """Import a classifier from an exported file."""
    input:
        lambda wildcards: configured(config["small"]["classifiers"][wildcards.classifier]),
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
