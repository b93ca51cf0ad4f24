# The recognized text in formats for people and their tools.
include: "text.inputs.smk"


rule correct:
    """Put people's corrections in place of what was read."""
    input:
        recognized="results/{round}/recognized/{page_set}.parquet",
        corrections=lambda wildcards: page_sets.corrections(PAGE_SETS, wildcards.page_set),
        # Of a folder Snakemake sees what is added and taken away, and no change inside a file.
        texts=lambda wildcards: [
            text for path in page_sets.corrections(PAGE_SETS, wildcards.page_set) for text in texts_in(path)
        ],
        pages="results/pages/{page_set}.parquet",
    output:
        boxes="results/{round}/corrected/{page_set}.parquet",
        report="results/{round}/corrected/{page_set}.csv",
    log:
        "results/logs/correct/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/correct/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60, 0.02),
    params:
        code=code("correct"),
        # The file that may name these pages alone: own scans, and the pages of a subset, may be a part of the corrected.
        settings=lambda wildcards: dict(
            own=None if config["read"] else PAGE_SETS[wildcards.page_set].get("corrections")
        ),
    script:
        "../scripts/correct.py"


rule reading_order:
    """Find the columns and the reading order of each page."""
    input:
        recognized=what_is_read,
    output:
        "results/{round}/reading_order/{page_set}.parquet",
    log:
        "results/logs/reading_order/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/reading_order/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(60, 0.02),
    params:
        code=code("reading_order"),
    script:
        "../scripts/reading_order.py"


rule text:
    """Write the text of each page."""
    input:
        ordered="results/{round}/reading_order/{page_set}.parquet",
        confidence="results/{round}/confidence/{page_set}.csv",
        pages="results/pages/{page_set}.parquet",
        corrected=what_is_corrected,
    output:
        directory("results/{round}/text/{page_set}"),
    log:
        "results/logs/text/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/text/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(30),
    params:
        code=code("text"),
    script:
        "../scripts/text.py"


rule alternatives:
    """List the candidates for each box, for people who correct the text."""
    input:
        recognized=what_is_read,
        predictions=tables_of("predictions"),
    output:
        "results/{round}/alternatives/{page_set}.parquet",
    log:
        "results/logs/alternatives/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/alternatives/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(16000, 2),
        runtime=scaled(60, 0.02),
    params:
        code=code("alternatives"),
        settings=lambda wildcards: dict(
            detectors=detectors_of(wildcards.round),
            classifiers=classifiers_of(wildcards.round),
            top_k=config["classify"]["top_k"],
        ),
    script:
        "../scripts/alternatives.py"


rule confidence:
    """Say of every page how far its text can be believed."""
    input:
        recognized=what_is_read,
        ordered="results/{round}/reading_order/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        corrected=what_is_corrected,
    output:
        "results/{round}/confidence/{page_set}.csv",
    log:
        "results/logs/confidence/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/confidence/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(4000),
        runtime=scaled(20),
    params:
        code=code("confidence"),
        settings=dict(config["confidence"]),
    script:
        "../scripts/confidence.py"


rule json_lines:
    """Write the text with its boxes and alternatives as JSON Lines."""
    input:
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        confidence="results/{round}/confidence/{page_set}.csv",
        pages="results/pages/{page_set}.parquet",
        corrected=what_is_corrected,
    output:
        "results/{round}/text/{page_set}.jsonl",
    log:
        "results/logs/json_lines/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/json_lines/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60, 0.02),
    params:
        code=code("json_lines"),
    script:
        "../scripts/json_lines.py"


rule page_xml:
    """Write the text as PAGE XML."""
    input:
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        confidence="results/{round}/confidence/{page_set}.csv",
        pages="results/pages/{page_set}.parquet",
        images=lambda wildcards: original_images(wildcards.page_set),
        corrected=what_is_corrected,
    output:
        directory("results/{round}/page_xml/{page_set}"),
    log:
        "results/logs/page_xml/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/page_xml/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60, 0.02),
    params:
        code=code("page_xml"),
    script:
        "../scripts/page_xml.py"


rule alto:
    """Write the text as ALTO."""
    input:
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        confidence="results/{round}/confidence/{page_set}.csv",
        pages="results/pages/{page_set}.parquet",
        images=lambda wildcards: original_images(wildcards.page_set),
        corrected=what_is_corrected,
    output:
        directory("results/{round}/alto/{page_set}"),
    log:
        "results/logs/alto/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/alto/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60, 0.02),
    params:
        code=code("alto"),
    script:
        "../scripts/alto.py"


rule annotations:
    """Write the text as annotations for IIIF viewers."""
    input:
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        corrected=what_is_corrected,
    output:
        directory("results/{round}/annotations/{page_set}"),
    log:
        "results/logs/annotations/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/annotations/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60, 0.02),
    params:
        code=code("annotations"),
        settings=lambda wildcards: config["annotations"] | library_canvases(wildcards.page_set),
    script:
        "../scripts/annotations.py"


rule tei:
    """Write the text of each book as TEI."""
    input:
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        corrected=what_is_corrected,
    output:
        directory("results/{round}/tei/{page_set}"),
    log:
        "results/logs/tei/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/tei/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000, 0.5),
        runtime=scaled(60, 0.02),
    params:
        code=code("tei"),
    script:
        "../scripts/tei.py"


rule pdf:
    """Write each book as a searchable PDF."""
    input:
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        corrected=what_is_corrected,
        images=lambda wildcards: original_images(wildcards.page_set),
    output:
        directory("results/{round}/pdf/{page_set}"),
    log:
        "results/logs/pdf/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/pdf/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000, 5),  # the images of a book are put together in memory
        runtime=scaled(60, 0.02),
    params:
        code=code("pdf"),
    script:
        "../scripts/pdf.py"


rule docx:
    """Write the text of each book as a Word document."""
    input:
        ordered="results/{round}/reading_order/{page_set}.parquet",
        alternatives="results/{round}/alternatives/{page_set}.parquet",
        pages="results/pages/{page_set}.parquet",
        corrected=what_is_corrected,
    output:
        directory("results/{round}/docx/{page_set}"),
    log:
        "results/logs/docx/{round}/{page_set}.log",
    benchmark:
        "results/benchmarks/docx/{round}/{page_set}.tsv"
    resources:
        mem_mb=scaled(8000, 0.5),
        runtime=scaled(60, 0.02),
    params:
        code=code("docx"),
    script:
        "../scripts/docx.py"
