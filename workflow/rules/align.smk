# Boxes for the characters of pages whose text is known: what others have transcribed becomes labels to train with.
include: "align.inputs.smk"


rule align:
    """Align the text of transcribed or drawn pages with the boxes that were found on them."""
    input:
        merged="results/{round}/merged/{page_set}.parquet",
        predictions=tables_of("predictions"),
        pages="results/pages/{page_set}.parquet",
        given=given_boxes,
        transcriptions=transcriptions,
    output:
        aligned="results/{round}/aligned/{page_set}.parquet",
        labels="results/{round}/aligned/{page_set}.csv",
        unmatched="results/{round}/aligned/{page_set}_unmatched.csv",
    log:
        "results/logs/align/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/align/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(16000, 2),
        runtime=scaled(60, 0.05),
    params:
        code=code("align"),
        settings=lambda wildcards: dict(
            config["align"],
            detectors=detectors_of(wildcards.round),
            classifiers=classifiers_of(wildcards.round),
            top_k=config["classify"]["top_k"],
            drawn=drawn_sources(wildcards.page_set),
        ),
    script:
        "../scripts/align.py"
