# The files that the solution's authors published: checked, and converted to this workflow's formats.
# `results/published/` is then used like any other round.
include: "published.inputs.smk"


# Existing files have no rule, so that none is downloaded again or overwritten.
rule download:
    """Download a published file."""
    output:
        f"{FILES}/{{file}}",
    log:
        "results/logs/download/{file}.log",
    benchmark:
        "results/benchmarks/download/{file}.tsv"
    wildcard_constraints:
        file=one_of([file for file in ADDRESSES if not os.path.exists(f"{FILES}/{file}")]),
    priority: 100
    resources:
        download=1,
        mem_mb=scaled(1000),
        runtime=scaled(240),
    params:
        settings=lambda wildcards: dict(address=ADDRESSES[wildcards.file]),
    script:
        "../scripts/download.py"


rule checksum:
    """Check that a published file has not changed since its first use."""
    input:
        file=f"{FILES}/{{file}}",
    output:
        "results/published/checksums/{file}.sha256",
    log:
        "results/logs/checksum/{file}.log",
    benchmark:
        "results/benchmarks/checksum/{file}.tsv"
    wildcard_constraints:
        file=one_of(ADDRESSES),
    resources:
        mem_mb=scaled(1000),
        runtime=scaled(10),
    params:
        code=code("checksum"),
        # The record of the first use is kept even if outputs are removed.
        settings=lambda wildcards: dict(record=f"{FILES}/{wildcards.file}.sha256"),
    script:
        "../scripts/checksum.py"


rule import_detector:
    """Import a detector from a published file."""
    input:
        unpack(lambda wildcards: checked(published=config["published"]["detectors"][wildcards.detector])),
    output:
        "results/detector/{detector}.pth",
    log:
        "results/logs/import_detector/{detector}.log",
    benchmark:
        "results/benchmarks/import_detector/{detector}.tsv"
    wildcard_constraints:
        detector=one_of(detectors_of("published")),
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(10),
    params:
        code=code("import_detector"),
    script:
        "../scripts/import_detector.py"


rule import_classifier:
    """Import a classifier from a published file."""
    input:
        unpack(lambda wildcards: checked(published=config["published"]["classifiers"][wildcards.classifier])),
    output:
        "results/published/classifiers/{classifier}.pth",
    log:
        "results/logs/import_classifier/{classifier}.log",
    benchmark:
        "results/benchmarks/import_classifier/{classifier}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(10),
    params:
        code=code("import_classifier"),
        settings=lambda wildcards: {
            key: settings_of(wildcards.classifier)[key]
            for key in ("architecture", "channels", "input_size", "resize", "temperature")
        },
    script:
        "../scripts/import_classifier.py"


rule import_booster:
    """Import the boosters from the published file."""
    input:
        **checked(published=config["published"]["booster"]),
    output:
        booster_folds("published"),
    log:
        "results/logs/import_booster.log",
    benchmark:
        "results/benchmarks/import_booster.tsv"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(10),
    params:
        code=code("import_booster"),
    script:
        "../scripts/import_booster.py"


# For a whole page set at once, as they were published.
rule import_detections:
    """Import the published boxes of a page set, in place of a detector's."""
    input:
        unpack(published_detections),
        pages="results/pages/{page_set}.parquet",
    output:
        "results/detections/{page_set}/{detector}.parquet",
    log:
        "results/logs/import_detections/{page_set}/{detector}.log",
    benchmark:
        "results/benchmarks/import_detections/{page_set}/{detector}.tsv"
    wildcard_constraints:
        page_set=one_of(GIVEN),
        detector=one_of(detectors_of("published")),
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("import_detections"),
        settings=dict(max_long_side=config["detect"]["max_long_side"]),
    script:
        "../scripts/import_detections.py"


ruleorder: import_detections > gather_detections


localrules:  # a cluster's nodes may have no network
    download,
    published_weights,


rule published_weights:
    """All published files that are needed for reading, downloaded and checked."""
    input:
        checksums(*published_inputs()),
