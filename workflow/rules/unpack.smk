# Page images from what libraries and cameras give: PDF, multi-page TIFF, JPEG 2000, HEIC, subfolders.
rule unpack:
    """Write the pages of a folder of scans as images."""
    input:
        lambda wildcards: sorted({scan.source for scan in page_sets.scans(PAGE_SETS[wildcards.image_set])}),
    output:
        images=directory("results/unpacked/{image_set}/images"),
        checksums="results/unpacked/{image_set}/images.sha256",
    log:
        "results/logs/unpack/{image_set}.log",
    benchmark:
        "results/benchmarks/unpack/{image_set}.tsv"
    priority: 100
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        code=code("unpack"),
        settings=lambda wildcards: dict(pages=[list(scan) for scan in page_sets.scans(PAGE_SETS[wildcards.image_set])]),
    script:
        "../scripts/unpack.py"
