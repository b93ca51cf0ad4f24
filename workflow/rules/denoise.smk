include: "denoise.inputs.smk"


# The tables of pages are not inputs, not even as `ancient`: when they are made again, Snakemake would check no other
# reason to denoise. The page checks run first by their priority, and after a failed check no more jobs start.
rule denoise:
    """Denoise the pages of a chunk."""
    input:
        images=lambda wildcards: image_folders(pages_by_chunk(wildcards.image_set)[int(wildcards.chunk)]),
        versions=lambda wildcards: image_versions(wildcards.image_set, wildcards.chunk),
    output:
        folder=directory("results/denoised/{image_set}/{chunk}"),
        checksums="results/denoised/{image_set}/{chunk}.sha256",
        digests="results/denoised/{image_set}/{chunk}.json",
    log:
        "results/logs/denoise/{image_set}/{chunk}.log",
    benchmark:
        "results/benchmarks/denoise/{image_set}/{chunk}.tsv"
    threads: 4
    resources:
        # Both engines give the same bytes: a resource, of which pages do not become stale, and no parameter.
        engine=config["denoise"]["engine"],
        gpu=int(config["denoise"]["engine"] == "torch"),
        mem_mb=scaled(8000),
        runtime=scaled(120),
    params:
        code=code("denoise"),
        settings=denoise_settings,
    script:
        "../scripts/denoise.py"
