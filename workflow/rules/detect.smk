# Detection of the characters.

# The settings of detection, without the passes of a mode.
DETECTION = {key: value for key, value in config["detect"].items() if key not in ("mode", "modes")}


rule detect:
    """Find the characters on a chunk's pages with one detector."""
    input:
        checkpoint="results/detector/{detector}.pth",
        denoised=denoised_chunk,
    output:
        "results/detections/{page_set}/{detector}/{chunk}.parquet",
    log:
        "results/logs/detect/{page_set}/{detector}/{chunk}.log",
    benchmark:
        "results/benchmarks/detect/{page_set}/{detector}/{chunk}.tsv"
    threads: 4
    resources:
        gpu=1,
        mem_mb=scaled(16000),
        runtime=scaled(240),
    params:
        code=code("detect"),
        settings=lambda wildcards: dict(
            DETECTION,
            model=model_of(wildcards.detector),
            pages=denoised_chunk_pages(wildcards),
            **config["detect"]["modes"][config["detect"]["mode"]],
        ),
    script:
        "../scripts/detect.py"


rule gather_detections:
    """Join the chunks of a detector's boxes."""
    input:
        chunks=access.sequential(gather("results/detections/{page_set}/{detector}/{chunk}.parquet")),
    output:
        "results/detections/{page_set}/{detector}.parquet",
    log:
        "results/logs/gather_detections/{page_set}/{detector}.log",
    benchmark:
        "results/benchmarks/gather_detections/{page_set}/{detector}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("gather"),
        settings=dict(kind="detections"),
    script:
        "../scripts/gather.py"
