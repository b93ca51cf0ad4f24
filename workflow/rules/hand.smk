# Fonts of made-up hands, for drawn pages.
STROKES = from_root("resources/strokes/kanjivg.zip")

# As for the ImageNet weights: an existing file has no rule, so that it is not downloaded again or overwritten.
if not os.path.exists(STROKES):

    localrules:  # a cluster's nodes may have no network
        strokes,

    rule strokes:
        """Download the strokes of characters."""
        output:
            STROKES,
        log:
            "results/logs/strokes.log",
        benchmark:
            "results/benchmarks/strokes.tsv"
        priority: 100
        resources:
            download=1,
            mem_mb=scaled(1000),
            runtime=scaled(60),
        script:
            "../scripts/strokes.py"


rule hand:
    """Draw the font of a made-up hand."""
    input:
        strokes=STROKES,
    output:
        "results/hands/{hand}.ttf",
    log:
        "results/logs/hand/{hand}.log",
    benchmark:
        "results/benchmarks/hand/{hand}.tsv"
    wildcard_constraints:
        hand=one_of(config["hands"]),
    threads: 8
    resources:
        mem_mb=scaled(2000),
        runtime=scaled(60),
    params:
        code=code("hand"),
        settings=lambda wildcards: config["hands"][wildcards.hand],
    script:
        "../scripts/hand.py"
