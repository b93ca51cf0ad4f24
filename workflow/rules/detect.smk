# Where the characters are.
rule detect:
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
        settings=detect_settings,
    script:
        "../scripts/detect.py"


rule gather_detections:
    input:
        chunks=gather("results/detections/{page_set}/{detector}/{chunk}.parquet"),
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
