# The text of what was recognized, in the formats that people and their tools ask for.
rule reading_order:
    input:
        code=code("reading_order"),
        recognized="results/{round}/recognized/{page_set}.parquet",
    output:
        "results/{round}/reading_order/{page_set}.parquet",
    log:
        "results/logs/reading_order/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/reading_order/{round}/{page_set}.tsv"
    resources:
        mem_mb=4000,
        runtime=60,
    script:
        "../scripts/reading_order.py"


rule text:
    input:
        code=code("text"),
        ordered="results/{round}/reading_order/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        directory("results/{round}/text/{page_set}"),
    log:
        "results/logs/text/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/text/{round}/{page_set}.tsv"
    resources:
        mem_mb=4000,
        runtime=30,
    script:
        "../scripts/text.py"


# What else each box may be, for people who correct the text.
rule alternatives:
    input:
        code=code("alternatives"),
        recognized="results/{round}/recognized/{page_set}.parquet",
        predictions=expand(
            "results/{{round}}/predictions/{{page_set}}/{detector}/{classifier}.parquet",
            detector=DETECTORS,
            classifier=CLASSIFIERS,
        ),
    output:
        "results/{round}/alternatives/{page_set}.parquet",
    log:
        "results/logs/alternatives/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/alternatives/{round}/{page_set}.tsv"
    resources:
        mem_mb=16000,
        runtime=60,
    params:
        settings=dict(detectors=DETECTORS, classifiers=CLASSIFIERS, top_k=config["classify"]["top_k"]),
    script:
        "../scripts/alternatives.py"


rule json_lines:
    input:
        code=code("json_lines"),
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        "results/{round}/text/{page_set}.jsonl",
    log:
        "results/logs/json_lines/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/json_lines/{round}/{page_set}.tsv"
    resources:
        mem_mb=8000,
        runtime=60,
    script:
        "../scripts/json_lines.py"


rule page_xml:
    input:
        code=code("page_xml"),
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        directory("results/{round}/page_xml/{page_set}"),
    log:
        "results/logs/page_xml/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/page_xml/{round}/{page_set}.tsv"
    resources:
        mem_mb=8000,
        runtime=60,
    script:
        "../scripts/page_xml.py"


rule alto:
    input:
        code=code("alto"),
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        directory("results/{round}/alto/{page_set}"),
    log:
        "results/logs/alto/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/alto/{round}/{page_set}.tsv"
    resources:
        mem_mb=8000,
        runtime=60,
    script:
        "../scripts/alto.py"


rule annotations:
    input:
        code=code("annotations"),
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
    output:
        directory("results/{round}/annotations/{page_set}"),
    log:
        "results/logs/annotations/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/annotations/{round}/{page_set}.tsv"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        settings=dict(config["annotations"]),
    script:
        "../scripts/annotations.py"
