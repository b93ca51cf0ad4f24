# Pages drawn in brush fonts, in the competition's layout.
include: "synthetic.inputs.smk"


rule synthetic:
    """Draw pages in brush fonts, in the competition's layout."""
    input:
        fonts=drawn_in,
        corpus=sorted(map(str, Path(from_root("resources/corpus")).glob("*.txt"))),
        parents=from_root("resources/corpus/hentaigana.csv"),
        charset=lambda wildcards: drawn_from(wildcards, "charset"),
        layouts=lambda wildcards: drawn_from(wildcards, "layouts"),
    output:
        images=directory("results/synthetic/{image_set}/images"),
        checksums="results/synthetic/{image_set}/images.sha256",
        labels="results/synthetic/{image_set}/labels.csv",
    log:
        "results/logs/synthetic/{image_set}.log",
    benchmark:
        "results/benchmarks/synthetic/{image_set}.tsv"
    threads: 8
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(60),
    params:
        code=code("synthetic"),
        settings=lambda wildcards: PAGE_SETS[wildcards.image_set]["synthetic"],
    script:
        "../scripts/synthetic.py"
