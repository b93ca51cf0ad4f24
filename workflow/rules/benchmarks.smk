# Measurements of the cost of stages: `snakemake benchmarks`. Nothing else depends on these.
rule detection_modes:
    """Score and time the detection modes on some pages."""
    input:
        checkpoint=lambda wildcards: f"results/detector/{detectors_of(wildcards.round)[-1]}.pth",
        pages="results/pages/{page_set}.parquet",
        truth="results/truth/{page_set}.parquet",
        denoised=lambda wildcards: denoised_folders(pages_of(wildcards.page_set)),
    output:
        report(
            "results/{round}/detection_modes/{page_set}.csv",
            caption="../report/detection_modes.rst",
            category="8 Benchmarks",
            labels={"page set": "{page_set}", "round": "{round}", "content": "detection modes (CSV)"},
        ),
    log:
        "results/logs/detection_modes/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/detection_modes/{round}/{page_set}.tsv"
    threads: 4
    resources:
        gpu=1,
        mem_mb=scaled(16000),
        runtime=scaled(240),
    params:
        code=code("detection_modes"),
        settings=lambda wildcards: dict(
            DETECTION,
            model=model_of(detectors_of(wildcards.round)[-1]),
            **config["evaluate"],
            modes=config["detect"]["modes"],
            pages=config["benchmarks"]["pages"],
            files=denoised_pages(pages_of(wildcards.page_set)),
        ),
    script:
        "../scripts/detection_modes.py"


rule detection_cost:
    """Measure the cost of detection by page size and number of passes."""
    output:
        cases="results/detection_cost/cases.csv",
        growth="results/detection_cost/growth.csv",
        plot=report(
            "results/detection_cost/cost.svg",
            caption="../report/detection_cost.rst",
            category="8 Benchmarks",
            labels={"content": "cost of detection"},
        ),
    log:
        "results/logs/detection_cost.log",
    benchmark:
        "results/benchmarks/detection_cost.tsv"
    threads: 4
    resources:
        gpu=1,
        mem_mb=scaled(16000),
        runtime=scaled(240),
    params:
        code=code("detection_cost"),
        settings=dict(
            DETECTION,
            model=next(map(network_of, config["detector_trainings"])),
            **config["benchmarks"]["detection_cost"],
        ),
    script:
        "../scripts/detection_cost.py"


rule postprocessing_speed:
    """Measure postprocessing, from fusion to submission, on made-up pages."""
    input:
        plain=from_root("workflow/scripts/plain.py"),
    output:
        report(
            "results/benchmarks/postprocessing_speed.csv",
            caption="../report/postprocessing_speed.rst",
            category="8 Benchmarks",
            labels={"content": "speed from fusion to submission (CSV)"},
        ),
    log:
        "results/logs/postprocessing_speed.log",
    benchmark:
        "results/benchmarks/postprocessing_speed.tsv"
    threads: 2
    resources:
        mem_mb=scaled(16000),
        runtime=scaled(60),
    params:
        code=code("postprocessing_speed"),
        settings=dict(
            config["benchmarks"]["postprocessing_speed"],
            iou=config["nms"]["iou"],
            training=config["booster"]["training"],
            threshold=config["filter"]["threshold"],
            max_predictions=config["submission"]["max_predictions"],
        ),
    script:
        "../scripts/postprocessing_speed.py"


rule crop_loading:
    """Measure the loading of crops for a classifier's training, on this machine."""
    input:
        truth=f"results/truth/{TRAINING}.parquet",
        fold=lambda wildcards: training_fold(config["benchmarks"]["crop_loading"]["classifier"]),
        crops=training_crops,
    output:
        "results/benchmarks/crop_loading.csv",
    log:
        "results/logs/crop_loading.log",
    benchmark:
        "results/benchmarks/crop_loading.tsv"
    threads: 8
    resources:
        gpu=1,
        mem_mb=scaled(32000),
        runtime=scaled(60),
    params:
        code=code("crop_loading"),
        settings=lambda wildcards: dict(
            settings_of(config["benchmarks"]["crop_loading"]["classifier"]), **config["benchmarks"]["crop_loading"]
        ),
    script:
        "../scripts/crop_loading.py"


rule benchmarks:
    """All measurements of the cost of stages."""
    input:
        rules.postprocessing_speed.output,
        rules.crop_loading.output if TRAINS else [],
        rules.detection_cost.output,
        expand(
            "results/{round}/detection_modes/{page_set}.csv",
            page_set=SCORED,
            round=ROUND,
        ),
