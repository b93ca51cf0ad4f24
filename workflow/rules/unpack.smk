# Page images from what libraries and cameras give: PDF, multi-page TIFF, JPEG 2000, HEIC, subfolders.
rule unpack:
    """Write the pages of a chunk of scans as images."""
    input:
        lambda wildcards: sorted({scan.source for scan in scans_of_chunk(wildcards)}),
    output:
        images=directory("results/unpacked/{image_set}/{chunk}"),
        checksums="results/unpacked/{image_set}/{chunk}.sha256",
    log:
        "results/logs/unpack/{image_set}/{chunk}.log",
    benchmark:
        "results/benchmarks/unpack/{image_set}/{chunk}.tsv"
    wildcard_constraints:
        image_set=one_of([name for name in SOURCES if name not in FETCHED]),
    priority: 100
    resources:
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        code=code("unpack"),
        settings=lambda wildcards: dict(pages=[list(scan) for scan in scans_of_chunk(wildcards)]),
    script:
        "../scripts/unpack.py"
