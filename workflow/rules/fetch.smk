# Page images from libraries, by IIIF manifests. One job at a time, so that a library has one request at a time.
localrules:  # a cluster's nodes may have no network
    fetch,


rule fetch:
    """Fetch the pages of a chunk from a library, by its IIIF manifest."""
    input:
        lambda wildcards: PAGE_SETS[wildcards.image_set]["scans"],
    output:
        images=directory("results/unpacked/{image_set}/{chunk}"),
        checksums="results/unpacked/{image_set}/{chunk}.sha256",
    log:
        "results/logs/fetch/{image_set}/{chunk}.log",
    benchmark:
        "results/benchmarks/fetch/{image_set}/{chunk}.tsv"
    wildcard_constraints:
        image_set=one_of(FETCHED),
    priority: 100
    resources:
        download=1,
        mem_mb=scaled(4000),
        runtime=scaled(240),
    params:
        code=code("fetch"),
        settings=lambda wildcards: dict(pages=[list(scan) for scan in scans_of_chunk(wildcards)]),
        # Taking `output`, it makes nothing stale: what has come is not fetched anew, and is checked by the same limit.
        max_megapixels=lambda wildcards, output: config["pages"]["max_megapixels"],
    script:
        "../scripts/fetch.py"
