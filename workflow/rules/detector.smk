# The detectors: trainings of networks, and those of their iterations that are used.
include: "detector.inputs.smk"


# With `--set-resources detector:gpu=N`, N processes share its steps.
rule detector:
    """Train a detector's network up to its last iteration that is used."""
    input:
        pages=f"results/pages/{TRAINING}.parquet",
        truth=f"results/truth/{TRAINING}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(TRAINING)),
        pretrained=detector_weights,
        start=detector_start,
    output:
        snapshots=directory("results/detector/{training}/snapshots"),
        checksums="results/detector/{training}/snapshots.sha256",
        losses="results/detector/{training}/losses.csv",
        tensorboard=directory("results/detector/{training}/tensorboard"),
        config="results/detector/{training}/mmdet_config.py",
    log:
        "results/logs/detector/{training}.log",
    benchmark:
        "results/benchmarks/detector/{training}.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=resuming(32000),
        runtime=2880,  # a retry resumes
    params:
        code=code("detector"),
        settings=detector_settings,
    script:
        "../scripts/detector.py"


localrules:
    snapshot,


rule snapshot:
    """Make a detector of an iteration of a training."""
    input:
        checksums=lambda wildcards: f"{snapshots_folder(wildcards.detector)}.sha256",
        folder=lambda wildcards: ancient(snapshots_folder(wildcards.detector)),
    output:
        "results/detector/{detector}.pth",
    log:
        "results/logs/snapshot/{detector}.log",
    wildcard_constraints:
        detector=one_of(config["detectors"]),
    params:
        iteration=lookup(dpath="detectors/{detector}/iteration", within=config),
    shell:
        "cp {input.folder}/{params.iteration:06d}.pth {output} 2> {log}"


# Separate from the training, so that changes of the plot do not affect the detectors.
rule detector_losses:
    """Draw the losses of a detector's training."""
    input:
        losses="results/detector/{training}/losses.csv",
    output:
        report(
            "results/detector/{training}/losses.svg",
            caption="../report/detector.rst",
            category="2 Training",
            labels={"network": "detector {training}", "content": "losses"},
        ),
    log:
        "results/logs/detector_losses/{training}.log",
    benchmark:
        "results/benchmarks/detector_losses/{training}.tsv"
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(10),
    params:
        code=code("detector_losses"),
        settings=lambda wildcards: dict(snapshots=snapshots_of(wildcards.training)),
    script:
        "../scripts/detector_losses.py"
